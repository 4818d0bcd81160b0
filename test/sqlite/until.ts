import type { SimClock } from '../support/sim-clock.ts';

/** Moves simulated time on, step by step, until the condition holds; disks and threads work on in real time. */
export async function until(condition: () => boolean | Promise<boolean>, clock?: SimClock): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await clock?.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
