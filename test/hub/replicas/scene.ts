import { MemoryRegistry } from '../../support/memory-registry.ts';
import { SimClock } from '../../support/sim-clock.ts';
import { SharedBrokers } from './brokers.ts';
import { Replica } from './replica.ts';

export const HUB = { basePath: '', api: null, major: null };
export const CALLBACK = 'http://billing.example/listener';
export const BODY = { callback: CALLBACK };

/** Replicas of one registry, on a simulated clock. Nothing takes time and nothing fails unless the test says so. */
export class Scene {
  readonly clock = new SimClock();
  readonly brokers = new SharedBrokers();
  /** What is stored, and a way to write past the replicas. */
  readonly registry: MemoryRegistry;
  /** The next entry is told so late, milliseconds. */
  lateMs = 0;
  /** The registry's storage is empty for now. */
  isLost = false;
  /** Of several entries of an id only the newest is told. */
  tellsNewest = false;
  #ids = 0;

  constructor() {
    this.registry = new MemoryRegistry();
    this.registry.isShared = true;
  }

  async start(skewMs = 0): Promise<Replica> {
    const replica = this.prepare(skewMs);
    await this.finish(replica.registrations.start());
    return replica;
  }

  /** One that hears already and is not started. */
  prepare(skewMs = 0, registry = this.registry.replica()): Replica {
    return new Replica({
      ...{ registry, brokers: this.brokers, clock: this.clock, skewMs },
      random: () => 0.999,
      tookMs: 0,
      failing: () => 0,
      lateMs: () => this.lateMs,
      isLost: () => this.isLost,
      tellsNewest: () => this.tellsNewest,
      newId: () => `s${(this.#ids += 1)}`,
    });
  }

  /** Registers at a replica and answers the id, once all replicas know it. */
  async register({ registrations }: Replica, callback = CALLBACK): Promise<string> {
    const answer = await this.finish(registrations.register(HUB, { callback }));
    if (!answer.ok) throw new Error(answer.message);
    await this.clock.advance(this.lateMs + 10);
    return answer.subscription.id;
  }

  /** Lets simulated time pass until the promise settles. */
  async finish<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let isSettled = false;
    const settle = () => void (isSettled = true);
    promise.then(settle, settle);
    await this.clock.until(() => isSettled, limitMs);
    return promise;
  }

  rows(): string[] {
    return this.registry.rows().map(({ id, state }) => `${id} ${state}`);
  }
}

export const knows = ({ registrations }: Replica): string[] =>
  registrations.all().map(({ id, state }) => `${id} ${state}`);
export const feeds = (replica: Replica): string[] =>
  [...replica.feeds.attached.values()].map(({ id, state }) => `${id} ${state}`);
export const statusOf = (answer: { ok: boolean; status?: number }): number | 'ok' => answer.status ?? 'ok';
