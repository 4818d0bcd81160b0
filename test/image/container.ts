/** Runs what an image was built of as a container engine does: its user, its environment, files that cannot be written. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Image } from './build.ts';
import { watchProcess, type WatchedProcess } from '../support/watched-process.ts';

export interface ContainerEngine {
  readonly name: string;
  /** Whether a command sees the image's files alone, and paths as they are in the image. */
  readonly isConfined: boolean;
  /** Starts a command; `volume` stands for the one folder that may be written to. */
  start(
    image: Image,
    volume: string,
    argv: readonly string[],
    settings?: Readonly<Record<string, string>>,
  ): WatchedProcess;
  /** SIGTERM for the command itself. */
  terminate(process: WatchedProcess): void;
  /** Ends the command, whatever it does; nothing when it has ended. */
  kill(process: WatchedProcess): void;
}

const isRoot = process.getuid?.() === 0;

/** What a base image brings: Node, and where the system's folders go. */
const SYSTEM = ['lib', 'lib64', 'usr/lib', 'etc', 'dev'];

/** Gives an image what stands in its place of a base image; once, before it is started. */
export function withBase(image: Image): Image {
  for (const folder of [...SYSTEM, 'proc']) mkdirSync(join(image.root, folder), { recursive: true });
  const node = join(image.root, 'usr/local/bin/node');
  mkdirSync(dirname(node), { recursive: true });
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  return image;
}

/** A new volume: engines give it the owner and the rights of the folder that it hides. */
export function makeVolume(image: Image, folder: string): string {
  mkdirSync(folder);
  const { uid, gid, mode } = statSync(join(image.root, volumeOf(image)));
  chmodSync(folder, mode & 0o777);
  if (isRoot) chownSync(folder, uid, gid);
  return folder;
}

function volumeOf({ config }: Image): string {
  const [volume, ...others] = config.volumes;
  if (volume === undefined || others.length > 0) throw new Error('an image with one volume is wanted');
  return volume;
}

/** Without privileges: absolute paths in command and environment are taken as below the image's folder. */
const unconfined: ContainerEngine = {
  name: 'as a process of this machine',
  isConfined: false,
  start(image, volume, argv, settings = {}) {
    const { user, env, workdir } = image.config;
    const mounted = volumeOf(image);
    const here = (path: string): string => {
      if (!path.startsWith('/')) return path;
      const isBelow = path === mounted || path.startsWith(`${mounted}/`);
      return isBelow ? volume + path.slice(mounted.length) : join(image.root, path);
    };
    const paths = ([name, value]: [string, string]): [string, string] => [
      name,
      value.split(':').map(here).join(':'),
    ];
    return launch(argv.map(here), {
      cwd: here(workdir),
      env: { ...Object.fromEntries(Object.entries(env).map(paths)), ...settings },
      ...(isRoot && user),
    });
  },
  terminate: ({ child }) => void child.kill('SIGTERM'),
  kill: ({ child }) => void child.kill('SIGKILL'),
};

/**
 * As a container: its own root, where nothing but the volume can be written to, its own process ids with the command
 * as number 1, and no program but Node in it.
 */
const confined: ContainerEngine = {
  name: 'as process 1 of a read-only root',
  isConfined: true,
  start(image, volume, argv, settings = {}) {
    const { user, env, workdir } = image.config;
    const to = [image.root, volume, volumeOf(image), workdir, user?.uid ?? 0, user?.gid ?? 0].map(String);
    return launch([...OWN_NAMESPACES, 'sh', '-ec', ENTER, 'enter', ...to, ...argv], {
      env: { ...env, ...settings },
    });
  },
  terminate(started) {
    const command = commandIn(started);
    if (command === undefined) throw new Error('the command has ended, or has not begun');
    process.kill(command, 'SIGTERM');
  },
  // unshare's own end does not end the command, as that is another user's.
  kill(started) {
    const command = commandIn(started);
    if (command !== undefined) process.kill(command, 'SIGKILL');
    started.child.kill('SIGKILL');
  },
};

/** The process that unshare waits for. */
function commandIn({ child }: WatchedProcess): number | undefined {
  const file = `/proc/${child.pid}/task/${child.pid}/children`;
  const running = child.exitCode === null && child.signalCode === null && existsSync(file);
  const [command = ''] = running ? readFileSync(file, 'utf8').split(' ') : [];
  return command === '' ? undefined : Number(command);
}

const OWN_NAMESPACES = ['unshare', '--mount', '--pid', '--fork'];

const ENTER = `
root=$1 volume=$2 mounted=$3 workdir=$4 uid=$5 gid=$6; shift 6
mount --bind "$root" "$root"
for folder in ${SYSTEM.join(' ')}; do
  if [ -d "/$folder" ]; then
    mount --bind "/$folder" "$root/$folder"
    mount -o remount,bind,ro "$root/$folder"
  fi
done
mount -t proc proc "$root/proc"
mount --bind "$volume" "$root$mounted"
mount -o remount,bind,ro "$root"
exec unshare --root="$root" --wd="$workdir" --setgid="$gid" --setuid="$uid" -- "$@"`;

function canConfine(): boolean {
  if (!isRoot || !existsSync('/usr/bin/unshare')) return false;
  try {
    const test = [...OWN_NAMESPACES.slice(1), 'sh', '-ec', 'mount -t proc proc /proc'];
    execFileSync('unshare', test, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Those that this machine can be; the first always. */
export const engines: readonly ContainerEngine[] = canConfine() ? [unconfined, confined] : [unconfined];

function launch(
  [program = '', ...argv]: readonly string[],
  options: { cwd?: string; env: Record<string, string>; uid?: number; gid?: number },
): WatchedProcess {
  const child: ChildProcess = spawn(program, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  return watchProcess(child);
}
