/** What is slow to fetch or make is kept between runs, outside the work tree. */
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** The folder that CI can cache. */
function cacheDirectory(): string {
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'tmf-hub-gateway');
}

/**
 * The folder of this name, filled by `fill` when it is not there. It is filled beside and then renamed, and never
 * changes after: two who fill it at once, or one that is killed half way, harm nobody.
 */
export async function filledOnce(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const directory = path.join(cacheDirectory(), name);
  if (await exists(directory)) return directory;
  await mkdir(cacheDirectory(), { recursive: true });
  const beside = await mkdtemp(`${directory}.filling-`);
  try {
    await fill(beside);
    await rename(beside, directory).catch(async (error: unknown) => {
      // Somebody else was faster; theirs is as good as ours.
      if (!(await exists(directory))) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return directory;
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
