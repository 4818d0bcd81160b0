import { Capacity, type Tenant } from '../../src/delivery/capacity.ts';
import type { TmfEvent } from '../../src/tmf/event.ts';
import { SimClock } from '../support/sim-clock.ts';

const event = (bytes: number): TmfEvent => ({ bytes: { length: bytes } }) as unknown as TmfEvent;

/** A subscription that holds events and lets go of all when asked. */
class Holder implements Tenant {
  readonly held: TmfEvent[] = [];
  evictions = 0;
  woken = 0;
  readonly #capacity: Capacity;

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  get heldBytes(): number {
    return this.held.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  evict(): void {
    this.evictions++;
    this.drop(this.held.length);
  }

  capacityAgain(): void {
    this.woken++;
  }

  /** Takes as much as it may, up to a number; answers how many it took. */
  take(count: number, bytes: number): number {
    for (let i = 0; i < count; i++) {
      if (!this.#capacity.hasRoom(this)) return i;
      this.hold(event(bytes));
    }
    return count;
  }

  hold(held: TmfEvent): void {
    this.held.push(held);
    this.#capacity.hold(held, this);
  }

  drop(count: number): void {
    for (const dropped of this.held.splice(0, count)) this.#capacity.release(dropped);
  }
}

const setting = (memory = 1_000, slots = 4) => {
  const clock = new SimClock();
  const capacity = new Capacity({ memory, slots }, clock);
  return { clock, capacity, holder: () => new Holder(capacity) };
};

describe('RULES 16: memory', () => {
  test('an event counts once, however many hold it', () => {
    const { capacity, holder } = setting();
    const shared = event(100);
    const holders = [holder(), holder(), holder()];
    for (const one of holders) one.hold(shared);
    expect(capacity.bytes).toBe(100);
    holders[0]?.drop(1);
    holders[1]?.drop(1);
    expect(capacity.bytes).toBe(100);
    holders[2]?.drop(1);
    expect(capacity.bytes).toBe(0);
  });

  test('is bounded: by the budget, and one event for each subscription', () => {
    const { capacity, holder } = setting();
    const holders = Array.from({ length: 20 }, holder);
    for (let round = 0; round < 50; round++) for (const one of holders) one.take(1, 90);
    expect(capacity.bytes).toBeLessThanOrEqual(1_000 + 20 * 90);
    for (const one of holders) expect(one.held.length).toBeGreaterThan(0);
  });

  test('every subscription keeps room for one event, whatever the others hold', () => {
    const { capacity, holder } = setting();
    const [greedy, late] = [holder(), holder()];
    greedy.take(100, 500);
    expect(greedy.held).toHaveLength(2);
    expect(late.take(1, 5_000)).toBe(1);
    expect(capacity.bytes).toBe(6_000);
  });

  test('full, the largest holder is evicted for one that holds much less', () => {
    const { holder } = setting();
    const [dead, small, healthy] = [holder(), holder(), holder()];
    dead.take(9, 100);
    small.take(1, 100);
    healthy.take(1, 10);
    expect(healthy.take(5, 10)).toBe(5);
    expect([dead.evictions, small.evictions, healthy.evictions]).toEqual([1, 0, 0]);
  });

  test('nobody is evicted for one that holds about as much, nor for itself', () => {
    const { holder } = setting();
    const [one, other] = [holder(), holder()];
    one.take(6, 100);
    other.take(4, 100);
    expect(one.take(1, 100)).toBe(0);
    expect(other.take(1, 100)).toBe(0);
    expect([one.evictions, other.evictions]).toEqual([0, 0]);
  });

  test('evictions follow each other no faster than every 100 ms', async () => {
    const { clock, holder } = setting();
    const [dead, alsoDead, healthy] = [holder(), holder(), holder()];
    const fill = (one: Holder) => one.take(1, 10) && one.hold(event(2_000));
    fill(dead);
    fill(alsoDead);
    healthy.take(1, 10);
    healthy.take(1, 10);
    expect(dead.evictions + alsoDead.evictions).toBe(1);
    healthy.take(1, 10);
    expect(dead.evictions + alsoDead.evictions).toBe(1);
    await clock.advance(100);
    expect(healthy.woken).toBe(1);
    expect(healthy.take(1, 10)).toBe(1);
    expect(dead.evictions + alsoDead.evictions).toBe(2);
  });

  test('who was refused is told once a tenth of the memory is free, and once only', () => {
    const { holder } = setting();
    const [one, refused] = [holder(), holder()];
    one.take(6, 100);
    refused.take(4, 100);
    expect(refused.take(1, 100)).toBe(0);
    one.drop(1);
    expect(refused.woken).toBe(0);
    one.drop(1);
    expect(refused.woken).toBe(1);
    one.drop(1);
    expect(refused.woken).toBe(1);
  });

  test('who left is neither evicted nor told', () => {
    const { capacity, holder } = setting();
    const [gone, other] = [holder(), holder()];
    gone.take(9, 100);
    other.take(1, 100);
    expect(gone.take(1, 100)).toBe(0);
    capacity.forget(gone);
    other.take(1, 100);
    other.drop(2);
    gone.drop(9);
    expect([gone.evictions, gone.woken]).toEqual([0, 0]);
    expect(capacity.bytes).toBe(0);
  });
});

describe('slots', () => {
  test('are bounded, but a subscription always gets its fair share', () => {
    const { capacity, holder } = setting();
    const [busy, late] = [holder(), holder()];
    for (let own = 0; own < 4; own++) expect(capacity.takeSlot(busy, own)).toBe(true);
    expect(capacity.takeSlot(busy, 4)).toBe(false);
    expect(capacity.takeSlot(late, 0)).toBe(true);
    expect(capacity.takeSlot(late, 1)).toBe(true);
    expect(capacity.takeSlot(late, 2)).toBe(false);
    expect(capacity.slotsInUse).toBe(6);
  });

  test('a probe is never refused, and counts its subscription once', () => {
    const { capacity, holder } = setting();
    const [probing, other] = [holder(), holder()];
    for (let own = 0; own < 4; own++) capacity.takeSlot(probing, own);
    expect(capacity.takeSlot(probing, 4, true)).toBe(true);
    for (let own = 4; own >= 0; own--) capacity.releaseSlot(own);
    // Were it counted twice, the fair share of the other would stay halved.
    for (let own = 0; own < 4; own++) capacity.takeSlot(other, own);
    capacity.takeSlot(probing, 0);
    expect(capacity.takeSlot(probing, 1)).toBe(true);
    expect(capacity.slotsInUse).toBe(6);
  });

  test('who was refused is told when one is free, the first to ask first', () => {
    const { capacity, holder } = setting();
    const [a, b] = [holder(), holder()];
    for (let own = 0; own < 3; own++) capacity.takeSlot(a, own);
    capacity.takeSlot(b, 0);
    capacity.takeSlot(b, 1);
    expect(capacity.takeSlot(b, 2)).toBe(false);
    expect(capacity.takeSlot(a, 3)).toBe(false);
    capacity.releaseSlot(2);
    expect([a.woken, b.woken]).toEqual([0, 0]);
    capacity.releaseSlot(1);
    expect([a.woken, b.woken]).toEqual([0, 1]);
    capacity.releaseSlot(1);
    expect([a.woken, b.woken]).toEqual([1, 1]);
  });

  test('idle resolves when the last attempt has ended, or after the given time', async () => {
    const { clock, capacity, holder } = setting();
    await capacity.idle(10);
    capacity.takeSlot(holder(), 0);
    capacity.takeSlot(holder(), 0);
    const state = { ended: false, late: false };
    void capacity.idle(1_000).then(() => (state.ended = true));
    capacity.releaseSlot(0);
    await clock.advance(500);
    expect(state.ended).toBe(false);
    capacity.releaseSlot(0);
    await clock.advance(0);
    expect(state.ended).toBe(true);
    capacity.takeSlot(holder(), 0);
    void capacity.idle(1_000).then(() => (state.late = true));
    await clock.advance(999);
    expect(state.late).toBe(false);
    await clock.advance(1);
    expect(state.late).toBe(true);
  });
});
