/** What of a query an index can use, so that events are asked of few subscriptions. */
import { EVENT_TYPE, type Comparison, type Condition } from './conditions.ts';
import { canonicalEventType } from '../event-names.ts';
import { every, predicateOf, type Predicate } from './evaluate.ts';
import type { Part } from './paths.ts';

/** One equality that must hold: a value at the path is one of `texts` or `numbers` (a boolean as its word). */
export interface Equality {
  readonly path: readonly string[];
  readonly part: Part;
  readonly texts: ReadonlySet<string>;
  readonly numbers: ReadonlySet<number>;
  /** What else the query asks; undefined = nothing. */
  readonly rest: Predicate | undefined;
}

/** Does the condition ask for event types, and for nothing else? */
export function isEventTypes(condition: Condition): condition is Comparison {
  return (
    condition.kind === 'comparison' &&
    condition.attribute === EVENT_TYPE &&
    condition.operator === 'eq' &&
    !condition.negated
  );
}

/** Canonical event types of which an event must have one for the condition to hold; null when any may do. */
export function eventTypesOf(condition: Condition): ReadonlySet<string> | null {
  if (condition.kind === 'comparison') {
    return isEventTypes(condition) ? new Set(condition.values.map(canonicalEventType)) : null;
  }
  const named = condition.parts.map(eventTypesOf);
  if (condition.kind === 'and') return commonTypes(named);
  const all = named.filter((types) => types !== null);
  return all.length < named.length ? null : new Set(all.flatMap((types) => [...types]));
}

/** The types that all of those allow that name any; null when none does. */
export function commonTypes(named: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  const [first, ...others] = named.filter((types) => types !== null);
  if (first === undefined) return null;
  return others.length === 0
    ? first
    : new Set([...first].filter((type) => others.every((types) => types.has(type))));
}

/**
 * The best equality to look up among parts that must all hold: an identifier, which few events share, else the one with
 * the fewest values. Instants are equal in many spellings, so they cannot be looked up.
 */
export function equalityOf(parts: readonly Condition[], part: Part): Equality | undefined {
  let best: Comparison | undefined;
  for (const one of parts) if (canBeLookedUp(one) && (!best || rank(one) < rank(best))) best = one;
  if (!best?.wanted) return undefined;
  const others = parts.filter((one) => one !== best);
  const rest = every(others.map((one) => predicateOf(one, part)));
  return { path: best.path, part, texts: best.wanted.texts, numbers: best.wanted.numbers, rest };
}

function canBeLookedUp(condition: Condition): condition is Comparison {
  return condition.kind === 'comparison' && !condition.negated && condition.wanted?.instants.size === 0;
}

function rank({ path, values }: Comparison): number {
  return path.at(-1) === 'id' ? 0 : values.length;
}
