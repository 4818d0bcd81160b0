import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { exists } from '../services/cache.ts';
import { mustRun } from './run.ts';
import { helm } from './tools.ts';

/**
 * The example charts, in a copy of all charts that lasts while they are used: what they depend on is put into their own
 * folders, and that is no part of the work tree.
 */
export async function withExamples<Result>(
  charts: string,
  use: (examples: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const copy = await mkdtemp(path.join(os.tmpdir(), 'tmf-hub-charts-'));
  try {
    await cp(charts, copy, { recursive: true });
    const folder = path.join(copy, 'examples');
    const examples = (await exists(folder)) ? await readdir(folder) : [];
    const found: string[] = [];
    for (const example of examples.map((name) => path.join(folder, name))) {
      if (!(await exists(path.join(example, 'Chart.yaml')))) continue;
      await mustRun('fetching what an example depends on', await helm(), ['dependency', 'update', example]);
      found.push(example);
    }
    return await use(found);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
