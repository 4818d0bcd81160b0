import type { Broker, Delivery, Feed, Outlet, Wants } from '../../src/brokers/broker.ts';

export interface Behaviour {
  /** Events that it takes until `give`; default: any number. */
  readonly room?: number;
  /** What a broker with a queue for each lets into it; default: everything. */
  readonly eventTypes?: readonly string[];
  /** Settles each event as delivered as soon as it has it; default true. */
  readonly settles?: boolean;
}

/** A listener in place of the delivery side. It writes down each breach of what every outlet is promised. */
export class TestOutlet implements Outlet {
  readonly subscriptionId: string;
  readonly wants: Wants;
  /** All offers in their order, those of replays apart. */
  readonly offered: Delivery[] = [];
  readonly replayed: Delivery[] = [];
  readonly breaches: string[] = [];
  settles: boolean;
  /** Thrown at the next offer. */
  failOnce: Error | undefined;
  /** Called when it is asked for room and has none, as a full memory makes room by evicting others. */
  whenFull: () => void = () => undefined;
  /** What a release waits for, as for attempts under way. */
  whenReleased: (feed: Feed, graceMs: number) => Promise<void> = () => Promise.resolve();
  #room: number;
  readonly #held = new Set<string>();
  /** The last offset that each feed offered, for each partition. */
  readonly #last = new Map<string, number>();
  readonly #feeds = new Map<Feed, number>();
  readonly #released = new Set<Feed>();
  readonly #broker: () => Broker;

  constructor(id: string, behaviour: Behaviour, broker: () => Broker) {
    const { room = Infinity, settles = true, eventTypes } = behaviour;
    this.wants = { ordering: 'key', eventTypes: eventTypes ? new Set(eventTypes) : null };
    this.subscriptionId = id;
    this.settles = settles;
    this.#room = room;
    this.#broker = broker;
  }

  get ids(): string[] {
    return this.offered.map(({ event }) => event.id);
  }

  get replayedIds(): string[] {
    return this.replayed.map(({ event }) => event.id);
  }

  hasRoom(): boolean {
    if (this.#room <= 0) this.whenFull();
    return this.#room > 0;
  }

  offer(delivery: Delivery): void {
    if (this.#room-- <= 0) this.breaches.push(`${delivery.event.id} was offered without room`);
    const name = this.#placeOf(delivery);
    if (this.#released.has(delivery.feed)) this.breaches.push(`${name} was offered after its feed's release`);
    if (this.#held.has(name)) this.breaches.push(`${name} was offered while it was held`);
    this.#held.add(name);
    this.#checkOrder(delivery);
    (delivery.replay ? this.replayed : this.offered).push(delivery);
    const error = this.failOnce;
    this.failOnce = undefined;
    if (error) throw error;
    if (this.settles) queueMicrotask(() => this.settle(delivery));
  }

  release(feed: Feed, graceMs: number): Promise<void> {
    this.#released.add(feed);
    return this.whenReleased(feed, graceMs);
  }

  give(room: number): void {
    this.#room += room;
    this.#broker().roomAgain(this.subscriptionId);
  }

  /** Room that nobody has to be told of. */
  take(room: number): void {
    this.#room += room;
  }

  settle(delivery: Delivery): void {
    this.#held.delete(this.#placeOf(delivery));
    delivery.feed.settle(delivery, 'delivered');
  }

  /** As when memory is short. */
  evict(delivery: Delivery): void {
    this.#held.delete(this.#placeOf(delivery));
    this.#last.delete(this.#partitionOf(delivery));
    delivery.feed.evicted(delivery);
  }

  /** From now on offsets may begin anew. */
  forget(): void {
    this.#held.clear();
    this.#last.clear();
  }

  #checkOrder(delivery: Delivery): void {
    const { offset } = delivery.record.source;
    if (offset === undefined) return;
    const partition = this.#partitionOf(delivery);
    const last = this.#last.get(partition) ?? -1;
    if (offset <= last) this.breaches.push(`${partition}: ${offset} was offered after ${last}`);
    this.#last.set(partition, offset);
  }

  /** Replays and the live feed are each in order, not all together. */
  #partitionOf({ feed, record, replay }: Delivery): string {
    const number = this.#feeds.get(feed) ?? this.#feeds.size;
    this.#feeds.set(feed, number);
    return `${record.source.topic}:${record.source.partition} feed ${number}${replay ? ' replay' : ''}`;
  }

  #placeOf(delivery: Delivery): string {
    return `${this.#partitionOf(delivery)}: ${delivery.record.source.offset ?? delivery.event.id}`;
  }
}
