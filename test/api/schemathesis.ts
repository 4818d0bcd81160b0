/** Schemathesis (Python): found, installed once, and run against a description that a server serves. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');
const SETTINGS = path.join(import.meta.dirname, 'schemathesis.toml');
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache');

const LEAST_MINOR = 10;

export interface Python {
  readonly command: string;
  /** Such as `3.11.7`. */
  readonly version: string;
}

/** Undefined when there is none from 3.10 on that can install packages. */
export function findPython(): Python | undefined {
  for (const command of ['python3', 'python']) {
    const { status, stdout } = spawnSync(
      command,
      // Some systems ship a Python that can make no environment of its own.
      ['-c', 'import ensurepip, platform, venv; print(platform.python_version())'],
      {
        encoding: 'utf8',
      },
    );
    const version = status === 0 ? stdout.trim() : '';
    const [major, minor] = version.split('.').map(Number);
    if (major === 3 && minor !== undefined && minor >= LEAST_MINOR) return { command, version };
  }
  return undefined;
}

/** The interpreter that has schemathesis. Installs it at the first call, which needs the package index. */
export async function installed({ command, version }: Python): Promise<string> {
  const key = createHash('sha256')
    .update(version)
    .update(readFileSync(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12);
  const home = path.join(CACHE, `schemathesis-${key}`);
  const interpreter = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';
  if (!existsSync(path.join(home, 'complete'))) {
    // Made beside it: a run that was cut off, or another run at the same time, leaves nothing half done here.
    const fresh = `${home}.${process.pid}`;
    mkdirSync(CACHE, { recursive: true });
    try {
      await run(command, ['-m', 'venv', fresh]);
      await run(path.join(fresh, interpreter), [
        ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
        ...['--requirement', REQUIREMENTS],
      ]);
      writeFileSync(path.join(fresh, 'complete'), version);
      rmSync(home, { recursive: true, force: true });
      renameSync(fresh, home);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return path.join(home, interpreter);
}

export interface Outcome {
  /** 0 = nothing was found. */
  readonly code: number;
  readonly operations: number;
  readonly cases: number;
  /** What it found, for a person. */
  readonly report: string;
}

/** `folder` takes what it writes. `ids` are what `schemathesis.toml` asks of the environment. */
export async function schemathesis(
  python: string,
  url: string,
  { folder, ids, options = [] }: { folder: string; ids: Record<string, string>; options?: string[] },
): Promise<Outcome> {
  const args = ['-m', 'schemathesis.cli', '--config-file', SETTINGS, 'run', url, ...options];
  const { code, output } = await outcomeOf(
    run(python, args, { cwd: folder, env: { ...process.env, ...ids } }),
  );
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const failures = output.search(/^=+ (?:ERRORS|FAILURES) /m);
  return {
    code,
    operations: count(/^ {2}Tested: (\d+)/m),
    cases: count(/^ {2}(\d+) generated/m),
    report: output.slice(Math.max(failures, 0)).slice(0, 20_000),
  };
}

interface Failed extends Error {
  code?: number | string;
  stdout?: string;
  stderr?: string;
}

async function outcomeOf(running: Promise<string>): Promise<{ code: number; output: string }> {
  try {
    return { code: 0, output: await running };
  } catch (error) {
    const { code, message } = error as Failed;
    return { code: typeof code === 'number' ? code : -1, output: message };
  }
}

/** Resolves with what it wrote on stdout; rejects with all that it wrote as the message. */
async function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { ...options, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const failed = error as Failed;
    failed.message += `\n${failed.stdout ?? ''}\n${failed.stderr ?? ''}`;
    throw failed;
  }
}
