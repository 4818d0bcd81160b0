import type { Style, Terminal } from '../terminal.ts';

type Voice = 'publisher' | 'gateway' | 'billing' | 'CRM' | 'inventory';

const COLOURS: Readonly<Record<Voice, Style>> = {
  publisher: 'blue',
  gateway: 'magenta',
  billing: 'cyan',
  CRM: 'green',
  inventory: 'yellow',
};

/** Tells the play line by line: seconds since the start, who speaks, what happened. */
export interface Narrator {
  heading(text: string): void;
  say(voice: Voice, text: string): void;
  /** Marks words that tell of a failure. */
  alarm(text: string): string;
}

export function narrator({ out, paint }: Terminal, now: () => number): Narrator {
  const start = now();
  return {
    heading(text) {
      out('');
      out(paint('bold', text));
    },
    say(voice, text) {
      const seconds = ((now() - start) / 1000).toFixed(1).padStart(5);
      out(`${paint('dim', `${seconds}s`)}  ${paint(COLOURS[voice], voice.padEnd(9))}  ${text}`);
    },
    alarm: (text) => paint('red', text),
  };
}

export const silentNarrator: Narrator = {
  heading: () => undefined,
  say: () => undefined,
  alarm: (text) => text,
};
