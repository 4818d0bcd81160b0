import { systemClock, type Clock } from '../../src/time.ts';

/** A clock on which ten seconds and more pass `times` as fast; the shorter waits, for answers, stay what they are. */
export function hurriedClock(times: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * times,
    after: (ms, fire) => systemClock.after(ms >= 10_000 ? ms / times : ms, fire),
  };
}
