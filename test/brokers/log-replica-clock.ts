import type { Clock, Timer } from '../../src/time.ts';

/** The time of one process that can be stopped like a process: the world goes on, and what is due waits. */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  #isStopped = false;
  #due: (() => void)[] = [];

  constructor(world: Clock) {
    this.#world = world;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  now(): number {
    return this.#world.now();
  }

  monotonic(): number {
    return this.#world.monotonic();
  }

  after(ms: number, fire: () => void): Timer {
    let isCancelled = false;
    const timer = this.#world.after(ms, () => {
      this.#whenRunning(() => {
        if (!isCancelled) fire();
      });
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  /** For what arrives from outside: resolves once the process can take note of it. */
  running(): Promise<void> {
    return new Promise((resolve) => this.#whenRunning(resolve));
  }

  freeze(): void {
    this.#isStopped = true;
  }

  thaw(): void {
    this.#isStopped = false;
    const due = this.#due;
    this.#due = [];
    for (const fire of due) fire();
  }

  #whenRunning(fire: () => void): void {
    if (this.#isStopped) this.#due.push(fire);
    else fire();
  }
}
