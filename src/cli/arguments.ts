import { parseArgs } from 'node:util';
import { UsageError } from './exit.ts';
import { didYouMean } from './nearest.ts';

/** One option of a command; `--help` is made from it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** How the help shows the value, e.g. `<file>`. */
  readonly value?: string;
  readonly text: string;
  /** Environment variable that stands in for the option. */
  readonly env?: string;
  /** Value when neither option nor environment gives one. */
  readonly fallback?: string;
  readonly multiple?: true;
}

export type Options = Readonly<Record<string, Option>>;

/** The parsed command line; the getters throw UsageError naming the option when its value does not fit. */
export interface Arguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  /** The option, else its environment variable, else its fallback. */
  text(name: string): string | undefined;
  /** All values of an option that may be repeated. */
  all(name: string): readonly string[];
  whole(name: string, range: { min: number; max: number }): number | undefined;
  /** Milliseconds, from `250ms`, `2s`, `5m`, `1h`, `1d`. */
  duration(name: string): number | undefined;
  /** ISO time, from an ISO time or from a duration that lies back from `now` (`30m`). */
  time(name: string, now: number): string | undefined;
}

/**
 * Parses strictly: an unknown option, a missing or a superfluous value is a UsageError that names the nearest option.
 * What stands behind `--` is taken as it is.
 */
export function parseArguments(
  argv: readonly string[],
  options: Options,
  env: Readonly<Record<string, string | undefined>>,
): Arguments {
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short, multiple }]) => [
        name,
        { type, ...(short !== undefined && { short }), ...(multiple && { multiple }) },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'option') checkToken(token, options);
  }
  return new ParsedArguments(positionals, values, options, env);
}

function checkToken(
  token: { name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined },
  options: Options,
): void {
  const option = options[token.name];
  if (option === undefined) {
    const guess = token.rawName.startsWith('--') ? didYouMean(token.name, Object.keys(options), '--') : '';
    throw new UsageError(`Unknown option ${token.rawName}${guess || '.'}`);
  }
  if (option.type === 'boolean') {
    if (token.inlineValue) throw new UsageError(`${token.rawName} takes no value.`);
    return;
  }
  // `--port --json` forgot the port; `--port=--json` would have meant it.
  const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
  if (missing)
    throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${option.value ?? '<value>'}`);
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

class ParsedArguments implements Arguments {
  readonly positionals: readonly string[];
  readonly #values: Values;
  readonly #options: Options;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(
    positionals: readonly string[],
    values: Values,
    options: Options,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.positionals = positionals;
    this.#values = values;
    this.#options = options;
    this.#env = env;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    if (typeof value === 'string') return value;
    const option = this.#options[name];
    const fromEnv = option?.env === undefined ? undefined : this.#env[option.env];
    return fromEnv === undefined || fromEnv === '' ? option?.fallback : fromEnv;
  }

  all(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  whole(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= min && number <= max) return number;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
    throw new UsageError(`--${name} must be a whole number ${range}, not '${text}'.`);
  }

  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = durationMs(text);
    if (ms === undefined) {
      throw new UsageError(`--${name} must be a duration like 500ms, 2s, 5m, 1h or 1d, not '${text}'.`);
    }
    return ms;
  }

  time(name: string, now: number): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const back = durationMs(text);
    const at = back === undefined ? Date.parse(text) : now - back;
    if (Number.isNaN(at) || (back === undefined && !/^\d{4}-/.test(text))) {
      throw new UsageError(
        `--${name} must be a time like 2026-01-31T08:00:00Z or a duration ago like 30m, not '${text}'.`,
      );
    }
    return new Date(at).toISOString();
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNIT_MS[unit];
  return factor === undefined ? undefined : Number(amount) * factor;
}
