/** The Dockerfile of this repository, read as `docker build` without options reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readContext } from './context.ts';
import { readDockerfile } from './dockerfile.ts';

const folder = join(import.meta.dirname, '../..');

/** The environment that base images have. */
export const OF_A_BASE = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

export const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

export const stages = readDockerfile(read('Dockerfile'), {}, OF_A_BASE);

export const context = readContext(folder);
