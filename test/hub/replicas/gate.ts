import type { Clock } from '../../../src/time.ts';
import { sleep } from '../../../src/time.ts';

export interface GateOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** A way to others or back takes less than this, milliseconds. */
  readonly tookMs: number;
  /** How likely a call fails, before or after it took effect. */
  readonly failing: () => number;
}

/**
 * What every call of one process goes through on its way to others, and back: it takes its time, it may fail, and the
 * process may stand still or die there, with the call done or not.
 */
export class Gate {
  readonly #options: GateOptions;
  #steps = 0;
  #deadAt = Infinity;
  #freeze: { at: number; ms: number } | undefined;
  #frozenUntil = 0;
  wasFrozen = false;
  /** The names of all calls so far. */
  readonly asked: string[] = [];
  /** Calls that fail before they take effect, by name. */
  readonly refused = new Set<string>();
  /** How many calls of a name take effect and do not say so. */
  readonly unanswered = new Map<string, number>();
  /** Calls that wait before they take effect, by name. */
  readonly held = new Map<string, Promise<void>>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get isDead(): boolean {
    return this.#steps >= this.#deadAt;
  }

  /** It dies at its nth step from now: 0 = at once. */
  dieIn(steps: number): void {
    this.#deadAt = Math.min(this.#deadAt, this.#steps + steps);
  }

  freezeIn(steps: number, ms: number): void {
    this.#freeze = { at: this.#steps + steps, ms };
  }

  /** From here on it goes on, unless it is dead. */
  thaw(): void {
    if (!this.isDead) this.#deadAt = Infinity;
    this.#freeze = undefined;
    this.#frozenUntil = 0;
  }

  /** Calls of that name wait until the answer is called. */
  hold(name: string): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.held.set(name, promise.then());
    return () => {
      this.held.delete(name);
      resolve(undefined);
    };
  }

  timesAsked(name: string): number {
    return this.asked.filter((one) => one === name).length;
  }

  async call<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    this.asked.push(name);
    await this.#step();
    await this.held.get(name);
    if (this.refused.has(name)) throw new Error(`${name} is refused`);
    const result = await work();
    await this.#step();
    const unanswered = this.unanswered.get(name) ?? 0;
    this.unanswered.set(name, unanswered - 1);
    if (unanswered > 0) throw new Error(`${name} has no answer`);
    return result;
  }

  async #step(): Promise<void> {
    const { clock, random, failing, tookMs } = this.#options;
    this.#steps += 1;
    await sleep(clock, Math.floor(random() * tookMs));
    if (this.#freeze !== undefined && this.#steps >= this.#freeze.at) {
      this.#frozenUntil = clock.monotonic() + this.#freeze.ms;
      this.#freeze = undefined;
      this.wasFrozen = true;
    }
    while (!this.isDead && clock.monotonic() < this.#frozenUntil) await sleep(clock, 100);
    if (this.isDead) await new Promise<never>(() => undefined);
    if (random() < failing()) throw new Error('it cannot be had now');
  }
}
