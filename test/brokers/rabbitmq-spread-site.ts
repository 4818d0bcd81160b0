import { Spread } from '../../src/brokers/rabbitmq/replicas/spread.ts';
import { SimClock } from '../support/sim-clock.ts';

/** A queue with a single active consumer: the first of the row has the messages, whoever lets go comes back last. */
class SharedQueue {
  readonly row: string[] = [];
  /** Consumers that have got a message since they stand in the row: only they know that it is their turn. */
  readonly #fed = new Set<string>();

  get active(): string | undefined {
    return this.row[0];
  }

  message(): void {
    if (this.active !== undefined) this.#fed.add(this.active);
  }

  isFed(consumer: string): boolean {
    return this.#fed.has(consumer);
  }

  enter(consumer: string): void {
    this.row.push(consumer);
  }

  leave(consumer: string): void {
    this.#fed.delete(consumer);
    const at = this.row.indexOf(consumer);
    if (at >= 0) this.row.splice(at, 1);
  }
}

export interface SpreadSettings {
  readonly queues: readonly string[];
  /** How long a consumer that lets go takes to end what is under way, milliseconds. */
  readonly leavingMs?: number;
  /** Until a replica hears that another has come or gone, milliseconds. */
  readonly hearingMs?: number;
  /** Between two messages in every queue, milliseconds. */
  readonly messageMs?: number;
  /** Consumers that there are not, though their replicas are well: `replica queue`. */
  readonly absent?: readonly string[];
}

/** Replicas that share the queues of one server, on one clock. */
export class SpreadSite {
  readonly clock = new SimClock();
  readonly queues: ReadonlyMap<string, SharedQueue>;
  readonly replicas = new Map<string, SpreadReplica>();
  readonly settings: Required<SpreadSettings>;
  /** Every time that a consumer let go. */
  readonly yields: { replica: string; queue: string; at: number }[] = [];

  constructor(settings: SpreadSettings) {
    this.settings = { leavingMs: 50, hearingMs: 20, messageMs: 1_000, absent: [], ...settings };
    this.queues = new Map(settings.queues.map((id) => [id, new SharedQueue()]));
    this.#messages();
  }

  start(id: string): SpreadReplica {
    const replica = new SpreadReplica(id, this);
    this.replicas.set(id, replica);
    this.#tell();
    return replica;
  }

  stop(id: string): void {
    this.replicas.get(id)?.stop();
    this.replicas.delete(id);
    this.#tell();
  }

  /** Which replica has the messages of which queue. */
  active(): Record<string, string | undefined> {
    return Object.fromEntries([...this.queues].map(([id, queue]) => [id, queue.active]));
  }

  #tell(): void {
    const { hearingMs } = this.settings;
    for (const replica of this.replicas.values())
      this.clock.after(hearingMs, () => replica.hear([...this.replicas.keys()].toSorted()));
  }

  #messages(): void {
    this.clock.after(this.settings.messageMs, () => {
      for (const queue of this.queues.values()) queue.message();
      this.#messages();
    });
  }
}

export class SpreadReplica {
  readonly spread: Spread;
  /** How often it was told that others are to be served by it. */
  changes = 0;
  readonly #id: string;
  readonly #site: SpreadSite;
  readonly #leaving = new Set<string>();
  #members: readonly string[];
  #stopped = false;

  constructor(id: string, site: SpreadSite) {
    const { clock, settings, queues } = site;
    this.#id = id;
    this.#site = site;
    this.#members = [id];
    for (const [queue, shared] of queues) if (!settings.absent.includes(`${id} ${queue}`)) shared.enter(id);
    this.spread = new Spread({
      ...{ id, clock },
      replicas: () => this.#members,
      subscriptions: () => [...queues.keys()],
      isActive: (queue) => queues.get(queue)?.isFed(id) === true,
      yieldQueue: (queue) => this.#yield(queue),
      changed: () => {
        this.changes++;
      },
    });
    this.spread.start();
  }

  hear(members: readonly string[]): void {
    if (this.#stopped) return;
    this.#members = members;
    this.spread.moved();
  }

  stop(): void {
    this.#stopped = true;
    this.spread.stop();
    for (const queue of this.#site.queues.values()) queue.leave(this.#id);
  }

  serves(): string[] {
    return [...this.#site.queues.keys()].filter((queue) => this.spread.serves(queue));
  }

  #yield(queue: string): void {
    const { clock, queues, settings, yields } = this.#site;
    yields.push({ replica: this.#id, queue, at: clock.monotonic() });
    const shared = queues.get(queue);
    if (!shared?.row.includes(this.#id) || this.#leaving.has(queue)) return;
    this.#leaving.add(queue);
    clock.after(settings.leavingMs, () => {
      this.#leaving.delete(queue);
      shared.leave(this.#id);
      // The channel is opened anew.
      clock.after(1, () => {
        if (!this.#stopped) shared.enter(this.#id);
      });
    });
  }
}
