import type { SimClock } from '../support/sim-clock.ts';
import type { ProcessClock } from './log-replica-clock.ts';

/** How likely each thing goes wrong, 0..1; shared by all replicas, changed while they run. */
export interface Troubles {
  /** Reads are refused: the leader is another by now. */
  reads: number;
  /** The node that answers does not know of the latest records. */
  stale: number;
  /** It even says that the offset is not there. */
  outOfRange: number;
  commits: number;
  /** Whatever else is asked for is not answered. */
  others: number;
}

export const NO_TROUBLES: Troubles = { reads: 0, stale: 0, outOfRange: 0, commits: 0, others: 0 };

type Fate = 'done' | 'refused' | 'unheard' | 'late' | 'slow';
const FAILURES: readonly Fate[] = ['refused', 'unheard', 'late', 'slow'];
const LONGEST_MS = 40_000;

/** The way from one process to the server and back. What was sent may arrive although its sender is dead by then. */
export class Wire {
  /** How often something was asked for. */
  asked = 0;
  /** What was sent, and will be done later, though its answer is given or its sender dead. */
  underWay = 0;
  readonly #world: SimClock;
  readonly #process: ProcessClock;
  readonly #random: () => number;
  readonly #troubles: Troubles;

  constructor(world: SimClock, process: ProcessClock, random: () => number, troubles: Troubles) {
    this.#world = world;
    this.#process = process;
    this.#random = random;
    this.#troubles = troubles;
  }

  happens(trouble: keyof Troubles): boolean {
    return this.#random() < this.#troubles[trouble];
  }

  /** A whole number from 0 to `most`. */
  upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  async call<T>(trouble: 'reads' | 'commits' | 'others', act: () => T | Promise<T>): Promise<T> {
    this.asked++;
    const fate = this.#fate(trouble);
    const survives = this.upTo(1) === 1;
    if (trouble === 'commits') this.underWay++;
    await this.pass(fate === 'slow' ? this.upTo(LONGEST_MS) : this.upTo(4));
    if (trouble === 'commits' && fate !== 'late') this.underWay--;
    if (this.#process.isStopped && !survives) await this.#process.running();
    if (fate === 'late') this.#doLater(act);
    const answer = fate === 'done' || fate === 'unheard' || fate === 'slow' ? await act() : undefined;
    await this.pass(this.upTo(4));
    await this.#process.running();
    if (fate === 'done' || fate === 'slow') return answer as T;
    throw new Error(`${trouble}: ${fate}`);
  }

  #doLater(act: () => unknown): void {
    this.#world.after(this.upTo(LONGEST_MS), () => {
      this.underWay--;
      void act();
    });
  }

  /** Only a commit does something that can be done late or without its answer. */
  #fate(trouble: 'reads' | 'commits' | 'others'): Fate {
    if (!this.happens(trouble)) return 'done';
    return trouble === 'commits' ? (FAILURES[this.upTo(FAILURES.length - 1)] ?? 'refused') : 'refused';
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.after(ms, resolve));
  }
}
