import { execFile } from 'node:child_process';

export interface Ran {
  /** Exit code; a program that a signal ended has none. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly directory?: string;
  /** Beside the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A failure of the program is a result. Rejects when there is no such program, or it may not be run. */
export async function run(program: string, args: readonly string[], running: Running = {}): Promise<Ran> {
  const options = {
    cwd: running.directory,
    env: { ...process.env, ...running.environment },
    maxBuffer: 64 * 1024 * 1024,
  };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else if (error.killed || error.signal != null) resolve({ code: undefined, stdout, stderr });
      else reject(new Error(error.message, { cause: error }));
    });
  });
}

/** As `run`; a failure rejects, `doing` says of what. */
export async function mustRun(
  doing: string,
  program: string,
  args: readonly string[],
  running: Running = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, running);
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-4000);
  throw new Error(`${doing} failed: ${program} ${args.join(' ')}\n${said}`);
}

/** What `each` makes of every item, in their order, so many at a time. The first that rejects ends it. */
export async function atOnce<Item, Made>(
  many: number,
  items: readonly Item[],
  each: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) made[index] = await each(item);
  };
  await Promise.all(Array.from({ length: many }, worker));
  return made;
}
