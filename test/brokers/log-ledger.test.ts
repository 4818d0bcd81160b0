import fc from 'fast-check';
import type { Delivery } from '../../src/brokers/broker.ts';
import { Ledger } from '../../src/brokers/log/ledger.ts';
import { decodeHoles } from '../../src/brokers/log/position.ts';

function delivery(attempts = 0): Delivery {
  return { attempts } as Delivery;
}

/** The same book, kept naively: every offset ever looked at, with what is known of it. */
class Model {
  next: number;
  readonly open = new Map<number, { attempts: number; delivery: Delivery | undefined }>();

  constructor(next: number) {
    this.next = next;
  }

  get sorted(): number[] {
    return [...this.open.keys()].sort((a, b) => a - b);
  }

  get unheld(): number[] {
    return this.sorted.filter((offset) => !this.open.get(offset)?.delivery);
  }

  get held(): number[] {
    return this.sorted.filter((offset) => this.open.get(offset)?.delivery);
  }

  attemptsOf(offset: number): number {
    const entry = this.open.get(offset);
    return entry?.delivery?.attempts ?? entry?.attempts ?? 0;
  }
}

interface Both {
  model: Model;
  ledger: Ledger;
}

type Step = (both: Both) => void;
const at = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.nat(3), fc.nat(3)).map(([gap, attempts]): Step => ({ model, ledger }) => {
    const offset = model.next + gap;
    const admitted = delivery(attempts);
    ledger.admit(offset, admitted);
    model.open.set(offset, { attempts, delivery: admitted });
    model.next = offset + 1;
  }),
  fc.nat().map((n): Step => ({ model, ledger }) => {
    const offset = at(model.unheld, n);
    if (offset === undefined) return;
    const again = delivery(ledger.attemptsOf(offset));
    ledger.admit(offset, again);
    model.open.set(offset, { attempts: again.attempts, delivery: again });
  }),
  fc.nat().map((n): Step => ({ model, ledger }) => {
    const offset = at(model.sorted, n);
    if (offset === undefined) return;
    ledger.settle(offset);
    model.open.delete(offset);
  }),
  fc.nat().map((n): Step => ({ model, ledger }) => {
    const offset = at(model.held, n);
    if (offset === undefined) return;
    model.open.set(offset, { attempts: model.attemptsOf(offset), delivery: undefined });
    ledger.evict(offset);
    ledger.evict(offset);
  }),
  fc.nat().map((n): Step => ({ model }) => {
    const held = model.open.get(at(model.held, n) ?? -1)?.delivery;
    if (held) held.attempts++;
  }),
  fc.nat(5).map((beyond): Step => ({ model, ledger }) => {
    ledger.pass(model.next - 3 + beyond);
    model.next = Math.max(model.next, model.next - 3 + beyond);
  }),
  fc.nat(20).map((back): Step => ({ model, ledger }) => {
    const start = model.next - back;
    const gone = model.unheld.filter((offset) => offset < start);
    expect(ledger.forgetBelow(start)).toBe(gone.length);
    for (const offset of gone) model.open.delete(offset);
  }),
  fc.tuple(fc.nat(20), fc.nat(10)).map(([back, length]): Step => ({ model, ledger }) => {
    const from = model.next - back;
    ledger.dropUnheld(from, from + length);
    for (const offset of model.unheld)
      if (offset >= from && offset < from + length) model.open.delete(offset);
  }),
  // A restart: nothing is held any more.
  fc.constant((both: Both): void => {
    const { offset, holes } = both.ledger.encode(both.ledger.next);
    for (const [open, entry] of both.model.open) {
      both.model.open.set(open, {
        attempts: entry.delivery?.attempts ?? entry.attempts,
        delivery: undefined,
      });
    }
    both.ledger = new Ledger(decodeHoles(offset, holes));
  }),
);

function compare({ model, ledger }: Both): void {
  const offsets = Array.from({ length: 43 }, (_, i) => model.next - 40 + i);
  const { offset, holes } = ledger.encode(ledger.next);
  expect({
    next: ledger.next,
    size: ledger.size,
    offset: ledger.offset,
    readFrom: ledger.readFrom,
    holds: offsets.filter((one) => ledger.holds(one)),
    wants: offsets.filter((one) => ledger.wants(one)),
    attempts: offsets.map((one) => ledger.attemptsOf(one)),
    encoded: decodeHoles(offset, holes),
  }).toEqual({
    next: model.next,
    size: model.open.size,
    offset: model.sorted[0] ?? model.next,
    readFrom: model.unheld[0] ?? model.next,
    holds: offsets.filter((one) => model.open.has(one)),
    wants: offsets.filter((one) => one >= model.next || model.unheld.includes(one)),
    attempts: offsets.map((one) => model.attemptsOf(one)),
    encoded: { next: model.next, holes: model.sorted.map((open) => [open, model.attemptsOf(open)]) },
  });
  expect(ledger.oldestHeld()).toBe(model.open.get(model.sorted[0] ?? -1)?.delivery);
  const isRight = ([at, entry]: [number, { delivery: Delivery | undefined }]): boolean =>
    (entry.delivery === undefined || ledger.holdsDelivery(at, entry.delivery)) &&
    !ledger.holdsDelivery(at, delivery());
  expect([...model.open].every(isRight)).toBe(true);
}

test('PITFALLS 4 and 6: it is the naive book, whatever happens: nothing unsettled is ever passed', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.array(steps, { maxLength: 60 }), (start, given) => {
      const both: Both = {
        model: new Model(start),
        ledger: new Ledger({ next: start, holes: [] }),
      };
      for (const step of given) {
        step(both);
        compare(both);
      }
    }),
    { numRuns: 500 },
  );
});

test('RULES 7: it is full before its record can be larger than the capacity, whatever the holes are', () => {
  const gap = fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 2 ** 21 }));
  const hole = fc.tuple(gap, fc.nat(100));
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 4_096 }),
      fc.array(hole, { minLength: 700, maxLength: 700 }),
      (capacity, given) => {
        const ledger = new Ledger({ next: 2 ** 40, holes: [] });
        for (const [step, attempts] of given) {
          if (ledger.isFull(capacity)) break;
          ledger.admit(ledger.next + step - 1, delivery(attempts));
        }
        expect(ledger.isFull(capacity)).toBe(true);
        expect(ledger.size).toBeGreaterThan(capacity / 10);
        expect(ledger.encode(ledger.next + 2 ** 48).holes.length).toBeLessThanOrEqual(capacity);
      },
    ),
    { numRuns: 100 },
  );
});
