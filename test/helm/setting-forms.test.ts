/** What the chart's schema takes of the gateway's settings the gateway takes when it starts. */
import fc from 'fast-check';
import { z } from 'zod';
import { keys, schema } from '../../src/config/schema.ts';
import { configSchema, type JsonSchema } from '../../scripts/helm/config-schema.ts';
import { wholeNumbers } from '../../scripts/helm/setting-forms.ts';

interface Leaf {
  readonly key: string;
  readonly pattern: string;
  readonly of: z.ZodType;
}

const { config, subscriptions } = configSchema();
const leaves = leavesOf({ ...config.properties, subscriptions }, schema.shape);

function leavesOf(json: Record<string, JsonSchema>, shape: z.ZodRawShape, above = ''): Leaf[] {
  return Object.entries(json).flatMap(([name, node]) =>
    leavesIn(node, shape[name] as z.ZodType, above + name),
  );
}

function leavesIn(node: JsonSchema, of: z.ZodType, key: string): Leaf[] {
  if (of instanceof z.ZodPrefault || of instanceof z.ZodOptional)
    return leavesIn(node, of.unwrap() as z.ZodType, key);
  if (node.properties) return leavesOf(node.properties, (of as z.ZodObject).shape, `${key}.`);
  if (node.items) return leavesIn(node.items, (of as z.ZodArray).element as z.ZodType, `${key}[]`);
  const patterns = [node, ...(node.anyOf ?? [])].map((one) => one['pattern']);
  return patterns.flatMap((pattern) => (typeof pattern === 'string' ? [{ key, pattern, of }] : []));
}

/** Files are read, and expressions understood, when the gateway starts; the text of a variable nobody knows before. */
const said = leaves.filter(
  ({ key, pattern }) =>
    !/\.tls\.(?:ca|cert|key)$|kafka\.topics\[\]$/.test(key) && !pattern.startsWith('^\\$'),
);

/** Of these only a parser knows everything: addresses with colons, host names in other alphabets, lengths. */
const BEYOND_PATTERNS = /^\$\{|^[\da-f]*:|\[|xn--|0x|.{60}/i;

test('there are many', () => expect(said.length).toBeGreaterThan(60));

test.each(said)('$key', ({ pattern, of, key }) => {
  const not = notIn(key);
  const taken = fc
    .stringMatching(new RegExp(pattern), { size: 'small' })
    .filter((text) => !BEYOND_PATTERNS.test(text) && !not.includes(text));
  fc.assert(
    fc.property(taken, (text) => of.safeParse(text).success),
    { numRuns: 60 },
  );
});

/** What the schema excludes beside the pattern. */
function notIn(key: string): readonly unknown[] {
  const steps = key.replaceAll('[]', '.[]').split('.');
  const node = steps.reduce<JsonSchema | undefined>(
    (above, step) => (step === '[]' ? above?.items : above?.properties?.[step]),
    { properties: { ...config.properties, subscriptions } },
  );
  return (node?.['not'] as { enum?: readonly unknown[] } | undefined)?.enum ?? [];
}

test('no default and no example is refused', () => {
  const refused = leaves.flatMap(({ key, pattern }) => {
    const found = keys.find((one) => one.key === key.replace(/\[\]$/, ''));
    if (found === undefined || found.kind === 'section') return [];
    const { standard, example, secret } = found.note;
    const texts =
      secret === true ? [] : [standard, example].flat().filter((text) => typeof text === 'string');
    return texts.filter((text) => !new RegExp(pattern).test(text)).map((text) => `${key}: ${text}`);
  });
  expect(refused.filter((text) => !/: (?:off|broker|adaptive)$/.test(text))).toEqual([]);
});

test.each([
  [1, 1],
  [1, 9],
  [1, 24],
  [7, 123],
  [99, 1001],
  [6000, 30_000],
])('numbers from %i to %i', (from, to) => {
  const all = new RegExp(`^${wholeNumbers(from, to)}$`);
  const matching = Array.from({ length: to + 1200 }, (_, number) => number).filter((number) =>
    all.test(String(number)),
  );
  expect(matching).toEqual(Array.from({ length: to - from + 1 }, (_, index) => from + index));
});
