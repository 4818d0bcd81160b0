import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface WatchedProcess {
  readonly child: ChildProcess;
  /** What it wrote on stdout so far. */
  readonly lines: readonly string[];
  /** What it wrote on stderr so far. */
  readonly complaints: readonly string[];
  /** The first line on stdout that contains `part`, now or later; rejects when the process ends without one. */
  readonly line: (part: string) => Promise<string>;
  /** Exit code and signal, once all that it wrote was read. */
  readonly closed: Promise<[number | null, NodeJS.Signals | null]>;
}

/** Watches a process whose stdout and stderr are pipes. */
export function watchProcess(child: ChildProcess): WatchedProcess {
  if (!child.stdout || !child.stderr) throw new Error('stdout and stderr must be pipes');
  const lines: string[] = [];
  const complaints: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const closed = once(child, 'close') as WatchedProcess['closed'];
  const line = async (part: string) => {
    for (;;) {
      const found = lines.find((candidate) => candidate.includes(part));
      if (found !== undefined) return found;
      const more = await Promise.race([once(reader, 'line'), closed.then(() => undefined)]);
      if (more === undefined && !lines.some((candidate) => candidate.includes(part))) {
        throw new Error(`ended without a line with ${part}:\n${[...lines, ...complaints].join('\n')}`);
      }
    }
  };
  return { child, lines, complaints, line, closed };
}
