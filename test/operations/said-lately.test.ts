import { SaidLately } from '../../src/operations/said-lately.ts';

test('a line is news again when its time is over', () => {
  const said = new SaidLately(100, 10);
  expect([said.isNews('a', 0), said.isNews('a', 99), said.isNews('b', 99), said.isNews('a', 100)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

test('of too many lines the newest are not said, until there is room again', () => {
  const said = new SaidLately(100, 2);
  expect(['a', 'b', 'c', 'a'].map((line, now) => said.isNews(line, now))).toEqual([true, true, false, false]);
  expect(said.isNews('c', 100)).toBe(true);
  expect(said.isNews('a', 100)).toBe(false);
  expect([said.isNews('a', 101), said.isNews('b', 101)]).toEqual([true, false]);
});
