import type { Arguments, Options } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** Something that can be run: its help is made from this description. */
export interface Command {
  readonly name: string;
  /** One line, shown in the list of commands. */
  readonly summary: string;
  /** What stands behind the name, e.g. `[file|-]`; '' for nothing. */
  readonly operands: string;
  /** How many operands: fewer or more is wrong usage. */
  readonly count: { readonly min: number; readonly max: number };
  readonly options: Options;
  /** Full command lines without the program's name. */
  readonly examples: readonly string[];
  /** Sentences below the options, for what no option says. */
  readonly notes?: readonly string[];
  /** Resolves with the exit code; throws UsageError and CommandFailed. */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}

/** Commands with a common first word: `subscriptions list`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

export const isGroup = (entry: Command | CommandGroup): entry is CommandGroup => 'commands' in entry;

/** Options that many commands share, always with the same meaning. */
export const GATEWAY: Options = {
  gateway: {
    type: 'string',
    value: '<url>',
    text: "the gateway's public address",
    env: 'TMF_HUB_GATEWAY',
    fallback: 'http://localhost:8080',
  },
};

export const ADMIN: Options = {
  admin: {
    type: 'string',
    value: '<url>',
    text: "the gateway's admin address",
    env: 'TMF_HUB_ADMIN',
    fallback: 'http://localhost:8081',
  },
  token: {
    type: 'string',
    value: '<token>',
    text: 'admin token, when the gateway wants one',
    env: 'TMF_HUB_ADMIN_TOKEN',
  },
};

export const JSON_OUTPUT: Options = {
  json: { type: 'boolean', text: 'machine-readable: one JSON document, or one JSON line each' },
};
