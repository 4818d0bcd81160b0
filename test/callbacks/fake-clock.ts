import type { Clock } from '../../src/time.ts';

export interface FakeClock extends Clock {
  /** Moves time on and fires what is due on the way, in order. Milliseconds. */
  advance(ms: number): void;
  /** Moves time on and fires nothing, as for a process that is frozen. Milliseconds. */
  standStill(ms: number): void;
  /** Timers armed and not cancelled. */
  readonly pending: number;
}

export function createFakeClock(): FakeClock {
  let time = 0;
  const timers = new Set<{ at: number; fire: () => void }>();
  return {
    now: () => time,
    monotonic: () => time,
    after(ms, fire) {
      const timer = { at: time + ms, fire };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance(ms) {
      const end = time + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        timers.delete(next);
        time = Math.max(time, next.at);
        next.fire();
      }
      time = end;
    },
    standStill(ms) {
      time += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}
