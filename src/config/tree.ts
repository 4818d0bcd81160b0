/** The raw values between file and schema: every section is there, nothing is empty, ready to be written to. */
import { z } from 'zod';
import { type Bound, isMapping } from './checks.ts';

export type Tree = Record<string, unknown>;

export interface NoSection {
  readonly path: readonly string[];
  readonly expected: string;
  readonly given: 'a list' | 'a single value';
}

/**
 * A copy of what was given with all sections of the schema in it. A key without a value counts as not written. What
 * stands where a section belongs and is none is reported to `refused` and left out.
 */
export function complete(
  schema: z.ZodObject,
  given: Readonly<Tree>,
  refused: (mistake: NoSection) => void,
  path: readonly string[] = [],
): Tree {
  const known = Object.entries(schema.shape);
  const names = new Set(known.map(([name]) => name));
  const tree = Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== null || !names.has(name)),
  );
  for (const [name, child] of known) {
    if (!(child instanceof z.ZodObject)) continue;
    const inner = tree[name] ?? {};
    const here = [...path, name];
    if (!isMapping(inner)) {
      const expected = `a section with ${Object.keys(child.shape).join(', ')}`;
      refused({ path: here, expected, given: Array.isArray(inner) ? 'a list' : 'a single value' });
    }
    tree[name] = complete(child, isMapping(inner) ? inner : {}, refused, here);
  }
  return tree;
}

/** Sets, or with undefined removes, the value at a path whose sections exist. */
export function put(tree: Tree, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) put(tree[name] as Tree, rest, value);
  else tree[name] = value;
}

/** Lowers an unwritten setting to its written upper bound where the default would exceed that. */
export function giveWay(schema: z.ZodObject, tree: Tree, { section, lower, upper }: Bound): void {
  const values = tree[section] as Tree;
  if (values[lower] !== undefined || values[upper] === undefined) return;
  const { shape } = schema.shape[section] as z.ZodObject<Record<string, z.ZodType>>;
  const standard = shape[lower]?.safeParse(undefined).data as number;
  const most = shape[upper]?.safeParse(values[upper]).data;
  if (typeof most === 'number' && most < standard) values[lower] = values[upper];
}
