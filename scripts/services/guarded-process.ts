/**
 * A process that does not outlive us, however we end.
 *
 * A shell starts a small watcher beside the program and then becomes the program. The watcher holds one end of a
 * pipe whose other end is ours alone: when the kernel closes ours, because we ended or were killed, the watcher
 * kills the program and removes its folder. So no signal handler of ours has to run.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';

// The watcher is asked to leave by a line, when the program has ended or is to live on. `$$` is the shell's pid,
// which `exec` hands to the program; the outer brackets make the watcher nobody's child, for the program would never
// collect it. It waits for the program's end before it removes files under it.
const WATCHED = `
scratch=$1; shift
(
  ( read -r _ <&3 || {
      kill -KILL $$
      for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ 2>/dev/null || break; sleep 0.1; done
      rm -rf -- "$scratch"
    } ) &
)
exec "$@" 3<&-`;

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Its working directory. */
  readonly directory: string;
  /** Takes its stdout and stderr, appended. */
  readonly output: string;
  /** The folder that goes with it when we are gone. */
  readonly scratch: string;
  /** All of its environment; default ours. */
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
}

export class GuardedProcess {
  readonly pid: number;
  /** Resolves with what it ended by, once it has. */
  readonly ended: Promise<string>;
  #over: string | undefined;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    this.ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
      this.release();
      return (this.#over = `exit ${signal ?? code ?? 'unknown'}`);
    });
  }

  /** Rejects when the shell cannot be started; a program that is not there ends at once instead. */
  static async launch(launch: Launch): Promise<GuardedProcess> {
    const { program, args, directory, output, scratch, environment } = launch;
    const log = openSync(output, 'a');
    try {
      const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', scratch, program, ...args], {
        cwd: directory,
        env: environment ?? process.env,
        // Out of the terminal's process group: Ctrl-C is for us to act on.
        detached: true,
        stdio: ['ignore', log, log, 'pipe'],
      });
      await once(child, 'spawn');
      const guarded = new GuardedProcess(child, child.pid!);
      // A test that forgot to stop it can end nevertheless; the watcher does the rest.
      child.unref();
      guarded.#line.unref();
      // The watcher is gone already: as good as told.
      guarded.#line.on('error', () => undefined);
      return guarded;
    } finally {
      closeSync(log);
    }
  }

  /** What it ended by, or undefined while it runs. */
  get over(): string | undefined {
    return this.#over;
  }

  /** Does nothing when it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#over === undefined) this.#child.kill(signal);
  }

  /** Signals it and resolves once it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.ref();
    this.signal(signal);
    await this.ended;
  }

  /** From now on it lives on when we end. */
  release(): void {
    if (!this.#line.writableEnded) this.#line.end('\n');
  }

  get #line(): Socket {
    return this.#child.stdio[3] as Socket;
  }
}
