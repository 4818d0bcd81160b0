import fc from 'fast-check';
import { rewriteMembers, topLevelElements, topLevelMembers } from '../../src/tmf/members.ts';
import { jsonObject } from './json-text.ts';

test('finds names and values whatever they hold', () => {
  const text = ' {"a" : {"b":"}\\"]"} ,"c\\u0064":[1,{"e":2}], "f":"\\\\","g":-1.0E5,"g":null} ';
  const found = topLevelMembers(text).map((m) => [m.name, text.slice(m.valueStart, m.valueEnd)]);
  expect(found).toEqual([
    ['a', '{"b":"}\\"]"}'],
    ['cd', '[1,{"e":2}]'],
    ['f', '"\\\\"'],
    ['g', '-1.0E5'],
    ['g', 'null'],
  ]);
  expect(topLevelMembers(text).map((m) => text[m.nameStart])).toEqual(['"', '"', '"', '"', '"']);
});

test('finds the elements of a list', () => {
  const text = ' [ {"a":[1,2]} ,"]\\"," ,[ [],{}], -1.0E5,null ] ';
  expect(topLevelElements(text)).toEqual(['{"a":[1,2]}', '"]\\","', '[ [],{}]', '-1.0E5', 'null']);
  expect(topLevelElements('[1,2]')).toEqual(['1', '2']);
  for (const none of ['[]', ' [ ] ', '{"a":[1]}', '"[1]"', '']) expect(topLevelElements(none)).toEqual([]);
});

test('what is no object has no members', () => {
  for (const text of ['[{"a":1}]', '"{}"', '12', '', '{}', ' { } '])
    expect(topLevelMembers(text)).toEqual([]);
});

test('agrees with JSON.parse on any object', () => {
  fc.assert(
    fc.property(jsonObject(['event', '@type', 'a\\nb']), (text) => {
      const parsed = JSON.parse(text) as Record<string, unknown>;
      const members = topLevelMembers(text);
      expect(members.map((m) => m.name).sort()).toEqual(Object.keys(parsed).sort());
      for (const { name, valueStart, valueEnd } of members) {
        expect(JSON.parse(text.slice(valueStart, valueEnd))).toEqual(parsed[name]);
      }
    }),
    { numRuns: 2000 },
  );
});

test('always ends, also on what is no JSON', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', ' '))
        .map((list) => `{${list.join('')}`),
      (text) => {
        expect(topLevelMembers(text).length).toBeLessThanOrEqual(text.length);
        expect(topLevelElements(`[${text}`).length).toBeLessThanOrEqual(text.length + 1);
      },
    ),
    { numRuns: 5000 },
  );
});

test('leaving out any members and adding others gives valid JSON with the rest untouched', () => {
  fc.assert(
    fc.property(jsonObject(['a', 'b', 'c', 'd']), fc.func(fc.boolean()), fc.boolean(), (text, keep, add) => {
      const members = topLevelMembers(text);
      const raw = (m: (typeof members)[number]): string => text.slice(m.nameStart, m.valueEnd);
      const kept = members.filter((m) => keep(m.name));
      const result = rewriteMembers(
        text,
        members,
        (m) => (kept.includes(m) ? raw(m) : undefined),
        add ? ['"added":1', '"more":2'] : [],
      );
      expect(() => void JSON.parse(result)).not.toThrow();
      const after = topLevelMembers(result).map((m) => result.slice(m.nameStart, m.valueEnd));
      expect(after).toEqual([...kept.map(raw), ...(add ? ['"added":1', '"more":2'] : [])]);
    }),
    { numRuns: 1000 },
  );
});
