import type { Registered } from '../../../src/hub/registration/registrations.ts';
import type { Refusal } from '../../../src/hub/refusal.ts';
import { seeded } from '../../delivery/listener.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { SimClock } from '../../support/sim-clock.ts';
import type { Action, History } from './arbitrary.ts';
import { SharedBrokers } from './brokers.ts';
import { Judge } from './judge.ts';
import { Replica } from './replica.ts';

const HUB = { basePath: '', api: null, major: null };
const SKEWS = [0, 75_000, -75_000];
const ANSWERED_WITHIN_MS = 10_000;
/** Two leases, and the janitor's turns. */
const QUIET_WITHIN_MS = 400_000;
/** What happens within it after all was quiet shows. */
const LOOK_ON_MS = 60_000;

/** Plays one random history on a simulated clock. `run` answers which promises were broken, in words. */
export class Play {
  readonly clock = new SimClock();
  readonly #history: History;
  readonly #random: () => number;
  readonly #registry = new MemoryRegistry();
  readonly #brokers = new SharedBrokers();
  readonly #judge = new Judge();
  readonly #replicas: Replica[] = [];
  readonly #isCalm: boolean;
  #failing: number;
  #ids = 0;

  constructor(history: History) {
    this.#history = history;
    this.#random = seeded(history.seed);
    this.#failing = history.failing;
    this.#isCalm = history.failing === 0 && !this.#has('crash') && !this.#has('freeze');
  }

  async run(): Promise<string[]> {
    for (let n = 0; n < this.#history.replicas; n += 1) this.#replicas[n] = await this.#start(n);
    for (const action of this.#history.actions) await this.#do(action);
    this.#failing = 0;
    for (const { gate } of this.#replicas) gate.thaw();
    await this.#restart();
    await this.clock.advance(ANSWERED_WITHIN_MS);
    try {
      await this.clock.until(() => this.#disagreements().length === 0, QUIET_WITHIN_MS);
      await this.clock.advance(LOOK_ON_MS);
    } catch {
      // Said below.
    }
    this.#judge.atTheEnd(this.#registry.rows());
    for (const { registrations } of this.#replicas) registrations.stop();
    return [...this.#brokers.problems, ...this.#judge.problems, ...this.#disagreements()];
  }

  #has(name: Action['do']): boolean {
    return this.#history.actions.some((action) => action.do === name);
  }

  async #do(action: Action): Promise<void> {
    switch (action.do) {
      case 'pass':
        return this.clock.advance(action.ms);
      case 'restart':
        return this.#restart();
      case 'crash':
        return this.#at(action).gate.dieIn(action.steps);
      case 'freeze':
        return this.#at(action).gate.freezeIn(action.steps, action.ms);
      case 'register':
        return void this.#register(this.#at(action), `http://listener-${action.callback}.example/`);
      default: {
        const { answered } = this.#judge;
        const id = answered[action.which % answered.length];
        if (id !== undefined) void this.#ask(action.do, this.#at(action), id);
      }
    }
  }

  #at({ at }: { readonly at: number }): Replica {
    return this.#replicas[at % this.#replicas.length] as Replica;
  }

  async #register({ registrations, feeds }: Replica, callback: string): Promise<void> {
    const answer = await registrations.register(HUB, { callback });
    if (!answer.ok) {
      if (this.#isCalm) this.#judge.problems.push(`register: ${answer.status} ${answer.message}`);
      return;
    }
    const { id } = answer.subscription;
    this.#judge.registered(callback, id, this.clock.now());
    if (this.#judge.isRemoving(id)) return;
    if (this.#brokers.begun.get(id) !== 1 || !this.#brokers.positions.has(id))
      this.#judge.problems.push(`${id} was answered with 201 and has no feed`);
    if (!feeds.attached.has(id)) this.#judge.problems.push(`${id} is not fed where it was answered with 201`);
  }

  async #ask(
    what: 'remove' | 'look' | 'pause' | 'resume',
    { registrations }: Replica,
    id: string,
  ): Promise<void> {
    if (what === 'remove') this.#judge.removing(id, this.clock.now());
    if (what === 'remove' || what === 'look') {
      const asked = what === 'remove' ? registrations.remove(HUB, id) : registrations.get(HUB, id);
      this.#answered(what, id, await asked);
      return;
    }
    try {
      const after = await registrations.setState(id, what === 'pause' ? 'paused' : 'active', what);
      if (after === undefined) this.#judge.notFound(id);
    } catch (error) {
      if (this.#isCalm) this.#judge.problems.push(`${what} ${id}: ${String(error)}`);
    }
  }

  #answered(what: 'remove' | 'look', id: string, answer: Registered | { readonly ok: true } | Refusal): void {
    if (answer.ok) {
      if (what === 'remove') this.#judge.removed(id);
    } else if (answer.status === 404) this.#judge.notFound(id);
    else if (this.#isCalm) this.#judge.problems.push(`${what} ${id}: ${answer.status} ${answer.message}`);
  }

  async #restart(): Promise<void> {
    for (const [n, replica] of this.#replicas.entries()) {
      if (replica.gate.isDead) this.#replicas[n] = await this.#start(n);
    }
  }

  /** Until it starts: what hinders it is tried again, as by whoever looks after processes. */
  async #start(n: number): Promise<Replica> {
    const registry = this.#registry.replica();
    for (;;) {
      const replica = new Replica({
        ...{ registry, brokers: this.#brokers, clock: this.clock, random: this.#random },
        skewMs: SKEWS[n] ?? 0,
        failing: () => this.#failing,
        tookMs: 20,
        lateMs: () => this.#history.lateMs,
        newId: () => `s${(this.#ids += 1)}`,
      });
      await registry.open();
      let outcome: 'started' | 'failed' | undefined;
      replica.registrations.start().then(
        () => (outcome = 'started'),
        () => (outcome = 'failed'),
      );
      await this.clock.until(() => outcome !== undefined, 60_000);
      if (outcome === 'started') return replica;
      replica.gate.dieIn(0);
    }
  }

  /** All replicas know and feed exactly what lives in the registry, as it stands there. */
  #disagreements(): string[] {
    const rows = this.#registry.rows();
    const living = rows.map(nameOf).sort().join();
    const problems = rows.filter(({ state }) => state === 'pending').map(({ id }) => `${id} is pending`);
    for (const [n, { registrations, feeds }] of this.#replicas.entries()) {
      const known = registrations.all().map(nameOf).sort().join();
      const fed = [...feeds.attached.values()].map(nameOf).sort().join();
      if (known !== living) problems.push(`replica ${n} knows [${known}] of [${living}]`);
      if (fed !== living) problems.push(`replica ${n} feeds [${fed}] of [${living}]`);
    }
    for (const { id } of rows) if (!this.#brokers.positions.has(id)) problems.push(`${id} has no positions`);
    return [...problems, ...this.#orphans()];
  }

  /** One that could not let go in time, and dies before it looked again, may leave positions. */
  #orphans(): string[] {
    const { lateMs, failing } = this.#history;
    const isLate = lateMs > 1_000 || failing > 0 || this.#has('freeze');
    if (isLate && this.#has('crash')) return [];
    const rows = new Set(this.#registry.rows().map(({ id }) => id));
    return [...this.#brokers.positions].filter((id) => !rows.has(id)).map((id) => `${id} left its positions`);
  }
}

function nameOf({ id, state, version }: { id: string; state: string; version: number }): string {
  return `${id} ${state} ${version}`;
}
