import { valuesAt } from '../tmf/query/paths.ts';
import type { Equality, Interest } from './interest.ts';

/** Those that one equality on the same path decides. */
interface Lookup extends Pick<Equality, 'path' | 'part'> {
  readonly byValue: Map<string | number, Set<Interest>>;
}

const NOBODY: ReadonlySet<Interest> = new Set();

/**
 * Interests that fit by topic, API and event type. Some want every such event; some are found by a value of the event,
 * whatever the number of others; the rest are asked one by one.
 */
export class Bucket {
  readonly #certain = new Set<Interest>();
  /** By their paths. */
  readonly #lookups = new Map<string, Lookup>();
  readonly #asked = new Set<Interest>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(interest: Interest): void {
    this.#size += 1;
    const { equality } = interest;
    if (!equality) {
      (interest.matches ? this.#asked : this.#certain).add(interest);
      return;
    }
    const { path, part } = equality;
    const key = keyOf(equality);
    let lookup = this.#lookups.get(key);
    if (!lookup) this.#lookups.set(key, (lookup = { path, part, byValue: new Map() }));
    for (const value of valuesOf(equality)) {
      const same = lookup.byValue.get(value);
      if (same) same.add(interest);
      else lookup.byValue.set(value, new Set([interest]));
    }
  }

  remove(interest: Interest): void {
    this.#size -= 1;
    this.#certain.delete(interest);
    this.#asked.delete(interest);
    const { equality } = interest;
    const key = equality && keyOf(equality);
    const lookup = key === undefined ? undefined : this.#lookups.get(key);
    if (!equality || !lookup) return;
    for (const value of valuesOf(equality)) {
      const same = lookup.byValue.get(value);
      same?.delete(interest);
      if (same?.size === 0) lookup.byValue.delete(value);
    }
    if (lookup.byValue.size === 0) this.#lookups.delete(key as string);
  }

  /** Adds the ids of those that want the event, each once. */
  collect(document: unknown, ids: string[]): void {
    for (const { subscriptionId } of this.#certain) ids.push(subscriptionId);
    for (const lookup of this.#lookups.values()) {
      for (const { subscriptionId, equality } of found(lookup, document)) {
        if (equality?.rest?.(document) !== false) ids.push(subscriptionId);
      }
    }
    for (const { subscriptionId, matches } of this.#asked) {
      if (matches?.(document)) ids.push(subscriptionId);
    }
  }
}

function found({ path, part, byValue }: Lookup, document: unknown): Iterable<Interest> {
  const values = valuesAt(document, path, part);
  if (values.length === 1) return byValue.get(comparable(values[0])) ?? NOBODY;
  const all = new Set<Interest>();
  for (const value of values)
    for (const interest of byValue.get(comparable(value)) ?? NOBODY) all.add(interest);
  return all;
}

/** As an equality compares it; what equals nothing is no value of any. */
function comparable(value: unknown): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? String(value) : NaN;
}

function* valuesOf({ texts, numbers }: Equality): Iterable<string | number> {
  yield* texts;
  yield* numbers;
}

function keyOf({ path, part }: Equality): string {
  return JSON.stringify([part, ...path]);
}
