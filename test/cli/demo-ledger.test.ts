import { Ledger } from '../../src/cli/demo/ledger.ts';
import { summarise, summaryLines } from '../../src/cli/demo/summary.ts';
import { journey } from '../../src/cli/journey.ts';
import type { Received } from '../../src/cli/listener.ts';

const { signUp } = journey('t', 0);
const CLEAN = { deadLetters: 0, replayed: 1, circuitsOpened: 0, retries: 0 };

/** A ledger where the sign-up was published: one customer, then three events of one order. */
function published(): Ledger {
  const ledger = new Ledger();
  signUp.forEach((step, index) => ledger.published(`e-${index}`, step));
  return ledger;
}

function arrive(
  ledger: Ledger,
  index: number | string,
  options: { replay?: boolean; status?: number } = {},
): void {
  const headers: Record<string, string> = options.replay ? { 'x-tmf-hub-replay': 'true' } : {};
  const received = { path: '/everything', eventId: `e-${index}`, headers } as Received;
  ledger.arrived('CRM', received, options.status ?? 204);
}

const verdict = (ledger: Ledger, findings = CLEAN) =>
  summarise(ledger.publishedCount, [ledger.account('CRM')], findings, 1);

test('all in order is a clean account', () => {
  const ledger = published();
  arrive(ledger, 0, { status: 500 });
  for (const index of [1, 0, 2, 3]) arrive(ledger, index);
  expect(ledger.account('CRM')).toEqual({
    listener: 'CRM',
    owed: 4,
    delivered: 4,
    refused: 1,
    duplicates: 0,
    outOfOrder: 0,
    unexpected: 0,
    lost: 0,
  });
  expect(verdict(ledger).ok).toBe(true);
});

test.each<[string, (ledger: Ledger) => void, object]>([
  ['an event that never came', () => undefined, { lost: 1 }],
  [
    'an event that came twice',
    (ledger) => {
      arrive(ledger, 3);
      arrive(ledger, 3);
    },
    { duplicates: 1 },
  ],
  [
    'an event that nobody published',
    (ledger) => [3, 9].forEach((index) => arrive(ledger, index)),
    { unexpected: 1 },
  ],
])('%s is found, and the demo fails', (_what, rest, found) => {
  const ledger = published();
  for (const index of [0, 1, 2]) arrive(ledger, index);
  rest(ledger);
  expect(ledger.account('CRM')).toMatchObject(found);
  expect(verdict(ledger).ok).toBe(false);
  expect(summaryLines(verdict(ledger), (_style, text) => text).at(-1)).toContain(
    'not what the gateway promises',
  );
});

test('a later event of the same resource first is disorder, unless the late one is a replay', () => {
  for (const [replay, outOfOrder] of [
    [false, 1],
    [true, 0],
  ] as const) {
    const ledger = published();
    for (const index of [0, 1, 3]) arrive(ledger, index);
    arrive(ledger, 2, { replay });
    expect(ledger.account('CRM')).toMatchObject({ outOfOrder, delivered: 4 });
    expect(verdict(ledger).ok).toBe(!outOfOrder);
  }
});

test('a dead letter that stays, or none at all, is not the play that was announced', () => {
  const ledger = published();
  for (const index of [0, 1, 2, 3]) arrive(ledger, index);
  expect(verdict(ledger, { ...CLEAN, deadLetters: 1 }).ok).toBe(false);
  expect(verdict(ledger, { ...CLEAN, replayed: 0 }).ok).toBe(false);
});
