/** JSON as producers really write it: whitespace anywhere, escapes, numbers beyond doubles. */
import fc from 'fast-check';

const blank = fc.constantFrom('', '', ' ', '\n  ', '\t');
const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '-1.5e+300', '12345678901234567890.10', '1E999'),
  fc.constantFrom('"\\\\"', '"\\""', '"\\\\\\""', '"}"', '"],{"', '"\\u0022"', '" "', '""'),
  fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
);

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc
      .tuple(blank, fc.array(tie('value'), { maxLength: 4 }))
      .map(([b, items]) => `[${b}${items.join(`${b},`)}${b}]`),
    fc
      .tuple(blank, fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }))
      .map(
        ([b, members]) =>
          `{${b}${members.map(([n, v]) => `${JSON.stringify(n)}${b}:${v}`).join(`,${b}`)}${b}}`,
      ),
  ),
}));

/** Text of an object whose members have distinct names, some of them out of `names` (written as in JSON). */
export function jsonObject(names: readonly string[]): fc.Arbitrary<string> {
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.string().map((text) => JSON.stringify(text).slice(1, -1)) },
  );
  const members = fc.uniqueArray(fc.tuple(name, value, blank, blank), {
    maxLength: 8,
    selector: ([written]) => JSON.parse(`"${written}"`) as string,
  });
  return fc
    .tuple(blank, members, blank)
    .map(
      ([before, list, after]) =>
        `${before}{${after}${list.map(([n, v, b, c]) => `${b}"${n}"${c}:${b}${v}${c}`).join(',')}}${before}`,
    );
}
