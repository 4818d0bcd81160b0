/** What runs for this checkout: one file per service in a folder of ours under the OS temp folder. */
import { createHash } from 'node:crypto';
import { link, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const runningSchema = z.object({
  how: z.enum(['native', 'docker']),
  /** What a shell needs to use it, by environment variable. */
  environment: z.record(z.string(), z.string()),
  processes: z.array(z.object({ pid: z.int().positive(), started: z.string() })),
  containers: z.array(z.string()),
  /** A folder inside the state folder, removed with it. */
  folder: z
    .string()
    .regex(/^[\w-]+$/)
    .optional(),
  nodes: z.int().positive(),
});

export type Running = z.infer<typeof runningSchema>;

/** Not remembered yet. */
export interface Started {
  readonly address: string;
  readonly running: Omit<Running, 'environment' | 'nodes'>;
  /** Until this is called it ends with us. */
  release(): void;
  stop(): Promise<void>;
}

/** The folder of the checkout that this file belongs to; made when it is missing, ours alone. */
export async function stateDirectory(): Promise<string> {
  const checkout = path.resolve(import.meta.dirname, '../..');
  const user = os.userInfo();
  const id = createHash('sha256').update(`${user.uid} ${checkout}`).digest('hex').slice(0, 12);
  const directory = path.join(os.tmpdir(), `tmf-hub-services-${id}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // The temp folder is everybody's. What stands in a state file is killed and removed, so it must be our own.
  const found = await lstat(directory);
  if (!found.isDirectory() || found.uid !== user.uid) throw new Error(`${directory} is not ours; remove it`);
  return directory;
}

/** Undefined when nothing is remembered. */
export async function recall(service: string): Promise<Running | undefined> {
  try {
    return runningSchema.parse(JSON.parse(await readFile(await stateFile(service), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** False when somebody else remembered theirs first; ours is not written then. */
export async function remember(service: string, running: Running): Promise<boolean> {
  const file = await stateFile(service);
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, JSON.stringify(running, undefined, 2));
  try {
    // Whole or not at all, and the first wins.
    await link(beside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(beside);
  }
}

export async function forget(service: string): Promise<void> {
  await rm(await stateFile(service), { force: true });
}

async function stateFile(service: string): Promise<string> {
  return path.join(await stateDirectory(), `${service}.json`);
}
