/** The programs that check the chart. Each is found on this machine, or fetched once and kept. */
import { access, constants, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { unpackedPackages } from '../services/debian-packages.ts';
import { findProgram } from '../services/programs.ts';
import { goProgram } from './go-programs.ts';
import { run } from './run.ts';

type Tell = (line: string) => void;

const HELM_VERSION = 'v3.22.0';
const UNITTEST_VERSION = 'v1.1.2';

/** Since then Helm words the errors of values.schema.json as it does now. */
const LEAST_HELM = [3, 18] as const;

const sayOnStderr: Tell = (line) => console.error(line);

/** The path of Helm: the one that `HELM_BIN` names, or PATH's when it is not too old, or one built here. */
export async function helm(tell = sayOnStderr): Promise<string> {
  const least = LEAST_HELM.join('.');
  const named = process.env['HELM_BIN'] ?? '';
  if (named !== '') {
    if (await isRecentHelm(named)) return named;
    throw new Error(`HELM_BIN=${named} is no Helm ${least} or newer that runs here.`);
  }
  const installed = await findProgram('helm');
  if (installed !== undefined && (await isRecentHelm(installed))) return installed;
  return goProgram(
    {
      name: 'helm',
      module: 'helm.sh/helm/v3',
      version: HELM_VERSION,
      otherwise: `Install Go, or Helm ${least} or newer, or name one with HELM_BIN=/path/to/helm.`,
    },
    tell,
  );
}

async function isRecentHelm(program: string): Promise<boolean> {
  const runs = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!runs) return false;
  const { code, stdout } = await run(program, ['version', '--template={{.Version}}']);
  const [major = 0, minor = 0] = (/^v(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
  const [leastMajor, leastMinor] = LEAST_HELM;
  return code === 0 && (major > leastMajor || (major === leastMajor && minor >= leastMinor));
}

/** The path of helm-unittest, which needs no Helm beside it. */
export async function helmUnittest(tell = sayOnStderr): Promise<string> {
  return goProgram(
    {
      name: 'helm-unittest',
      module: 'github.com/helm-unittest/helm-unittest',
      version: UNITTEST_VERSION,
      otherwise: 'Install Go.',
    },
    tell,
  );
}

/** The path of promtool, which checks and tests rules of Prometheus: the one on PATH, or Debian's. */
export async function promtool(tell = sayOnStderr): Promise<string> {
  const installed = await findProgram('promtool');
  if (installed !== undefined) return installed;
  const directory = await unpackedPackages(
    {
      name: 'promtool-1',
      packages: ['prometheus'],
      prepare: keepPromtool,
      otherwise: 'Install Prometheus (Debian: apt-get install prometheus), so that promtool is on PATH.',
    },
    tell,
  );
  return path.join(directory, 'usr/bin/promtool');
}

/** It is one static program; the server and its pages are of no use. */
async function keepPromtool(directory: string): Promise<void> {
  const without = async (folder: string, kept: string): Promise<void> => {
    for (const name of await readdir(path.join(directory, folder))) {
      if (name !== kept) await rm(path.join(directory, folder, name), { recursive: true });
    }
  };
  await without('.', 'usr');
  await without('usr', 'bin');
  await without('usr/bin', 'promtool');
}
