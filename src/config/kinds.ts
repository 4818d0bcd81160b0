/** Kinds of values: how each is checked, said to a person, and read from an environment variable. */
import { z } from 'zod';
import type { CheckParams } from './checks.ts';
import { parseDuration, parseSize } from '../units.ts';

export interface Kind<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** Completes the sentence "expected ...". */
  readonly expected: string;
  /** The value that a text stands for. A text that stands for none comes back as it is: the schema refuses it. */
  readonly fromText: (text: string) => unknown;
  /** Lists: what is expected of each entry. */
  readonly each?: string;
  /** Lists of objects: the form of each entry. */
  readonly entry?: z.ZodObject;
  /** Some keys of a section: its key. */
  readonly like?: string;
}

type Parsed<T> = z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>;
type Spelled<T> = Kind<Parsed<T>>;

const asItIs = (text: string) => text;

/** A text with a meaning of its own; `parse` answers undefined for what it does not understand. */
export function parsed<T>(expected: string, parse: (text: string) => T | undefined): Spelled<T> {
  const schema = z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  });
  return { schema, expected, fromText: asItIs };
}

export function text(expected: string, accepts: (text: string) => boolean): Spelled<string> {
  return parsed(expected, (value) => (accepts(value) ? value : undefined));
}

/** A text with a meaning of its own; `read` throws an error whose message, in a few words, says why it has none. */
export function explained<T>(expected: string, read: (text: string) => T): Spelled<T> {
  const schema = z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      const params: CheckParams = { expected: `${expected} (${(error as Error).message})` };
      context.addIssue({ code: 'custom', params: { ...params } });
      return z.NEVER;
    }
  });
  return { schema, expected, fromText: asItIs };
}

/** Milliseconds. Node fires a timer of 25 days or more at once, hence the usual limit. */
export function duration(longest = '24d', shortest = '1ms'): Spelled<number> {
  const expected = `a duration such as 250ms, 10s, 5m, 1h or 5d, from ${shortest} to ${longest}`;
  return within(expected, parseDuration, shortest, longest);
}

/** Bytes. */
export function size(largest: string, smallest = '1B'): Spelled<number> {
  const expected = `a size such as 64KiB, 4MiB or 1GiB, from ${smallest} to ${largest}`;
  return within(expected, parseSize, smallest, largest);
}

function within(
  expected: string,
  parse: (text: string) => number | undefined,
  least: string,
  most: string,
): Spelled<number> {
  const from = parse(least) ?? 0;
  const to = parse(most) ?? 0;
  return parsed(expected, (written) => {
    const value = parse(written);
    return value !== undefined && value >= from && value <= to ? value : undefined;
  });
}

function numberFromText(written: string): unknown {
  return /^-?\d+(?:\.\d+)?$/.test(written) ? Number(written) : written;
}

export function wholeNumber(least: number, most: number): Kind<z.ZodInt> {
  return {
    schema: z.int().min(least).max(most),
    expected: `a whole number from ${least} to ${most}`,
    fromText: numberFromText,
  };
}

export function numberUpTo(most: number): Kind<z.ZodNumber> {
  return {
    schema: z.number().min(0).max(most),
    expected: `a number from 0 to ${most}`,
    fromText: numberFromText,
  };
}

export function numberAbove0(most: number): Kind<z.ZodNumber> {
  return {
    schema: z.number().positive().max(most),
    expected: `a number above 0, up to ${most}`,
    fromText: numberFromText,
  };
}

export function flag(): Kind<z.ZodBoolean> {
  return {
    schema: z.boolean(),
    expected: 'true or false',
    fromText: (written) => (written === 'true' ? true : written === 'false' ? false : written),
  };
}

export function choice<const V extends string>(...values: readonly V[]): Kind<z.ZodEnum<{ [K in V]: K }>> {
  return {
    schema: z.enum(values),
    expected: values.length > 1 ? `one of ${values.join(', ')}` : values.join(),
    fromText: asItIs,
  };
}

export function either<A extends z.ZodType, B extends z.ZodType>(
  first: Kind<A>,
  second: Kind<B>,
): Kind<z.ZodUnion<[A, B]>> {
  return {
    schema: z.union([first.schema, second.schema]),
    expected: `${first.expected}, or ${second.expected}`,
    fromText: (written) => {
      const value = first.fromText(written);
      return value === written ? second.fromText(written) : value;
    },
  };
}

/** A list of simple values; in the environment separated by commas, an empty text is the empty list. */
export function list<S extends z.ZodType>(entry: Kind<S>, least = 0, most = 1000): Kind<z.ZodArray<S>> {
  const amount = least > 0 ? ` of at least ${least}` : '';
  return {
    schema: z.array(entry.schema).min(least).max(most),
    expected: `a list${amount}, each ${entry.expected}`,
    each: entry.expected,
    fromText: (written) =>
      written === '' ? [] : written.split(',').map((part) => entry.fromText(part.trim())),
  };
}

/** A list of objects; in the environment JSON, an empty text is the empty list. */
export function records<S extends z.ZodObject>(entry: S): Kind<z.ZodArray<S>> {
  const each = `an object with ${Object.keys(entry.shape).join(', ')}`;
  return {
    schema: z.array(entry),
    expected: `a list, each ${each} (in the environment: JSON)`,
    each,
    entry,
    fromText: (written) => {
      try {
        return written === '' ? [] : (JSON.parse(written) as unknown);
      } catch {
        return written;
      }
    },
  };
}
