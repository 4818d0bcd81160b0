/**
 * Debian packages unpacked into a folder instead of installed: no service of the system starts, nobody needs to be
 * root, and the machine stays as it is.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { filledOnce } from './cache.ts';

const execute = promisify(execFile);

export interface Packages {
  /** The kept folder's, to which the system's release and processor are added. */
  readonly name: string;
  readonly packages: readonly string[];
  /** Packages that must lie beside the others although the machine may have them, by the start of their names. */
  readonly together?: string;
  /** What is left to do with the folder before its first use. */
  readonly prepare?: (directory: string) => Promise<void>;
  /** Is told when none can be had. */
  readonly otherwise: string;
}

/** The folder with these packages and what they need that the machine lacks. Fetched first when it is not there, some 10 s. */
export async function unpackedPackages(wanted: Packages, tell: (line: string) => void): Promise<string> {
  const folder = [wanted.name, await release(), process.arch].join('-');
  return filledOnce(folder, async (beside) => {
    tell(`fetching ${wanted.packages.join(' and ')} from Debian's archive; it is kept for later`);
    const scratch = path.join(beside, 'apt');
    await mkdir(scratch);
    await fetch(wanted, scratch).catch((error: unknown) => {
      throw new Error(`${whatItSaid(error, wanted.packages)}\n${wanted.otherwise}`, { cause: error });
    });
    for (const file of (await readdir(scratch)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', path.join(scratch, file), beside], scratch);
    }
    await rm(scratch, { recursive: true });
    await wanted.prepare?.(beside);
  });
}

/** Where the loader finds the libraries of such a folder that the machine lacks. */
export async function libraryPath(directory: string): Promise<string> {
  const found = await Promise.all(
    ['lib', 'usr/lib'].map(async (parent) => {
      const names = await readdir(path.join(directory, parent)).catch(() => []);
      return names
        .filter((name) => name.includes('-linux-'))
        .map((name) => path.join(directory, parent, name));
    }),
  );
  return found.flat().join(path.delimiter);
}

// A machine may have no lists of packages, or old ones that name files the archive has no more. Then newer ones are
// fetched, into a folder of our own: those of the system are root's, and not ours to change.
async function fetch(wanted: Packages, scratch: string): Promise<void> {
  const own = [
    `Dir::State::Lists=${path.join(scratch, 'lists')}`,
    `Dir::Cache=${path.join(scratch, 'cache')}`,
  ];
  const options = own.flatMap((option) => ['-o', option]);
  try {
    await download(wanted, scratch, []);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    for (const folder of ['lists/partial', 'cache/archives/partial']) {
      await mkdir(path.join(scratch, folder), { recursive: true });
    }
    await aptGet(['update', ...options, '-o', 'APT::Update::Error-Mode=any'], scratch);
    await download(wanted, scratch, options);
  }
}

async function download(wanted: Packages, scratch: string, options: readonly string[]): Promise<void> {
  const { packages, together } = wanted;
  const missing = await closure(packages, scratch, options);
  // As on a machine that has nothing.
  const all = await closure(packages, scratch, [...options, '-o', 'Dir::State::Status=/dev/null']);
  const names = [
    ...packages,
    ...missing.filter((name) => name.startsWith('lib')),
    ...all.filter((name) => together !== undefined && name.startsWith(together)),
  ];
  await aptGet(['download', ...options, ...new Set(names)], scratch);
}

/** The names of what installing these would fetch. */
async function closure(
  packages: readonly string[],
  scratch: string,
  options: readonly string[],
): Promise<string[]> {
  const install = ['install', '--print-uris', '--no-install-recommends', ...options, ...packages];
  const printed = await aptGet(install, scratch);
  // 'address' name_version_architecture.deb size hash
  return printed.split('\n').flatMap((line) => /^'\S+' ([^_]+)_/.exec(line)?.[1] ?? []);
}

async function aptGet(args: readonly string[], directory: string): Promise<string> {
  // As root it would fetch as a user who may not write here.
  const options = ['-qq', '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=2'];
  return run('apt-get', [...options, ...args], directory);
}

async function run(program: string, args: readonly string[], directory: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return (await execute(program, args, { cwd: directory, env, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

function whatItSaid(error: unknown, packages: readonly string[]): string {
  const failure = error as NodeJS.ErrnoException & { stderr?: string };
  if (failure.code === 'ENOENT')
    return `${packages.join(', ')}: not here, and there is no "apt-get" to fetch it with.`;
  return `${packages.join(', ')}: apt-get failed: ${(failure.stderr ?? failure.message).trim().slice(-4000)}`;
}

/** Such as debian-12. */
async function release(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (name: string): string =>
    new RegExp(`^${name}="?([\\w.-]*)`, 'm').exec(text)?.[1] ?? 'unknown';
  return `${value('ID')}-${value('VERSION_ID')}`;
}
