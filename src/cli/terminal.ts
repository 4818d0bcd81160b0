import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta' | 'blue';

/** Where a command writes and what it reads; tests give their own. */
export interface Terminal {
  /** One line on stdout. */
  readonly out: (line: string) => void;
  /** One line on stderr. */
  readonly err: (line: string) => void;
  /** Colours text where stdout shows colours. */
  readonly paint: (style: Style, text: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All of stdin as text. */
  readStdin(): Promise<string>;
  /** Resolves with the signal that asks the command to end (Ctrl-C, SIGTERM). */
  readonly stopped: Promise<'SIGINT' | 'SIGTERM'>;
}

/**
 * The terminal of this process. Colour only where stdout is a TTY, and never with NO_COLOR.
 * The first SIGINT or SIGTERM resolves `stopped`; a further one ends the process at once with 130.
 */
export function processTerminal(): Terminal {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  let stopped: Promise<'SIGINT' | 'SIGTERM'> | undefined;
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    paint: (style, text) => styleText(style, text, { stream: process.stdout }),
    env: process.env,
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
    // Lazy: a command that never asks for it keeps Node's own way to die of a signal.
    get stopped() {
      stopped ??= firstSignal();
      return stopped;
    },
  };
}

// Ctrl-C under npm arrives twice, from the terminal and from npm; that is one wish, not two.
const SAME_KEYSTROKE_MS = 150;

function firstSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise((resolve) => {
    let first: { signal: string; at: number } | undefined;
    const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
      if (first === undefined) {
        first = { signal, at: performance.now() };
        resolve(signal);
        return;
      }
      const echo = signal === 'SIGINT' && performance.now() - first.at < SAME_KEYSTROKE_MS;
      if (!echo) process.exit(130);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
