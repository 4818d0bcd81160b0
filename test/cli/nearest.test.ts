import { nearest } from '../../src/cli/nearest.ts';

const NAMES = ['serve', 'listen', 'publish', 'subscriptions', 'dead-letters', 'demo'];

test.each([
  ['sevre', 'serve'],
  ['Listen', 'listen'],
  ['publsh', 'publish'],
  ['pub', 'publish'],
  ['subscription', 'subscriptions'],
  ['deadletters', 'dead-letters'],
])('%s means %s', (typed, meant) => {
  expect(nearest(typed, NAMES)).toBe(meant);
});

test.each(['xyzzy', 's', '', 'consume'])('%j means none of them', (typed) => {
  expect(nearest(typed, NAMES)).toBeUndefined();
});
