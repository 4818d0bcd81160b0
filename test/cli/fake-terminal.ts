import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that remembers what was written, without colours. */
export class FakeTerminal implements Terminal {
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stopped: Promise<'SIGINT' | 'SIGTERM'>;
  /** Presses Ctrl-C. */
  readonly interrupt: () => void;
  readonly #stdin: string;
  #watchers: (() => void)[] = [];

  constructor(options: { env?: Record<string, string>; stdin?: string } = {}) {
    this.env = options.env ?? {};
    this.#stdin = options.stdin ?? '';
    const { promise, resolve } = Promise.withResolvers<'SIGINT' | 'SIGTERM'>();
    this.stopped = promise;
    this.interrupt = () => resolve('SIGINT');
  }

  readonly out = (line: string): void => {
    this.lines.push(...line.split('\n'));
    for (const look of this.#watchers) look();
  };

  readonly err = (line: string): void => void this.errors.push(line);

  readonly paint = (_style: string, text: string): string => text;

  readStdin(): Promise<string> {
    return Promise.resolve(this.#stdin);
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** Resolves with the first line that contains `part`, now or later. */
  line(part: string): Promise<string> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.lines.find((line) => line.includes(part));
        if (found === undefined) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve(found);
      };
      this.#watchers.push(look);
      look();
    });
  }
}
