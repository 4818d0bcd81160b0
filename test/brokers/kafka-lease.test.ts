import fc from 'fast-check';
import { Lease } from '../../src/brokers/lease.ts';
import type { Clock } from '../../src/time.ts';

const SESSION_MS = 10_000;
const ATTEMPT_MS = 3_000;

/** Two clocks that a test moves each by itself: one stands still while the machine sleeps, the other can be set. */
class TwoClocks implements Clock {
  wall = Date.UTC(2026, 0, 1);
  elapsed = 5_000;

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(): never {
    throw new Error('a lease waits for nothing');
  }

  pass(ms: number): void {
    this.wall += ms;
    this.elapsed += ms;
  }
}

function started() {
  const clock = new TwoClocks();
  const lease = new Lease(clock, { sessionTimeoutMs: SESSION_MS, attemptTimeoutMs: ATTEMPT_MS });
  return { clock, lease };
}

function renewed() {
  const { clock, lease } = started();
  lease.renew(lease.now());
  return { clock, lease };
}

describe('RULES 9: the lease', () => {
  test('does not hold before the group has heard of us, and is over', () => {
    const { lease } = started();
    expect(lease.holds()).toBe(false);
    expect(lease.isOver()).toBe(true);
  });

  test('holds for as long as an attempt, with a second to spare, ends before another may have the partition', () => {
    const { clock, lease } = renewed();
    clock.pass(SESSION_MS - ATTEMPT_MS - 1_000 - 1);
    expect(lease.holds()).toBe(true);
    clock.pass(1);
    expect(lease.holds()).toBe(false);
    expect(lease.isOver()).toBe(false);
  });

  test('is over a second before the group gives the partitions away', () => {
    const { clock, lease } = renewed();
    clock.pass(SESSION_MS - 1_000 - 1);
    expect(lease.isOver()).toBe(false);
    clock.pass(1);
    expect(lease.isOver()).toBe(true);
  });

  test('counts from when the request was sent, not from its answer', () => {
    const { clock, lease } = started();
    const sentAt = lease.now();
    clock.pass(5_000);
    lease.renew(sentAt);
    expect(lease.holds()).toBe(true);
    clock.pass(1_000);
    expect(lease.holds()).toBe(false);
  });

  test('a machine that slept does not hold it, though its monotonic clock stood still', () => {
    const { clock, lease } = renewed();
    clock.wall += 60_000;
    expect(lease.holds()).toBe(false);
    expect(lease.isOver()).toBe(true);
  });

  test('a clock that was set back prolongs nothing', () => {
    const { clock, lease } = renewed();
    clock.wall -= 3_600_000;
    clock.pass(SESSION_MS - 1_000);
    expect(lease.holds()).toBe(false);
    expect(lease.isOver()).toBe(true);
  });

  test('a clock that was set ahead ends it until the group is heard again', () => {
    const { clock, lease } = renewed();
    clock.wall += 3_600_000;
    expect(lease.holds()).toBe(false);
    lease.renew(lease.now());
    expect(lease.holds()).toBe(true);
  });

  test('ends at once', () => {
    const { lease } = renewed();
    lease.end();
    expect(lease.holds()).toBe(false);
    expect(lease.isOver()).toBe(true);
  });

  test('whatever the clocks do, no attempt that may start outlives the session by either of them', () => {
    const passed = fc.record({ wall: fc.integer({ min: -20_000, max: 20_000 }), elapsed: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(passed), (steps) => {
        const { clock, lease } = renewed();
        const from = { wall: clock.wall, elapsed: clock.elapsed };
        for (const step of steps) {
          clock.wall += step.wall;
          clock.elapsed += step.elapsed;
          const past = Math.max(clock.wall - from.wall, clock.elapsed - from.elapsed);
          expect(lease.holds()).toBe(past + ATTEMPT_MS + 1_000 < SESSION_MS);
          expect(lease.isOver()).toBe(past + 1_000 >= SESSION_MS);
        }
      }),
    );
  });
});
