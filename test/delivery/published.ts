import { decodeHoles } from '../../src/brokers/log/position.ts';
import { positionKey, type MemoryStorage } from '../support/memory-log.ts';
import type { Listener } from './listener.ts';

export interface PublishedEvent {
  /** `e` and its place among all. */
  readonly id: string;
  readonly key: string;
  readonly partition: number;
  readonly offset: number;
}

/** What was published in a random history, and which of it has a durable fate. */
export class Published {
  readonly all: PublishedEvent[] = [];
  readonly #topic: string;
  readonly #storage: MemoryStorage;

  constructor(topic: string, storage: MemoryStorage) {
    this.#topic = topic;
    this.#storage = storage;
  }

  byId(id: string): PublishedEvent | undefined {
    return this.all[Number(id.slice(1))];
  }

  /** What was accepted after the listener's 201. */
  owedTo(listener: Listener): PublishedEvent[] {
    return this.all.filter((event) => event.offset >= (listener.startedAt.get(event.partition) ?? 0));
  }

  isSettled({ id }: Listener, { partition, offset }: PublishedEvent): boolean {
    const position = this.#storage.positions.get(positionKey(id, this.#topic, partition));
    if (!position) return false;
    const { next, holes } = decodeHoles(position.offset, position.holes);
    return offset < next && !holes.some(([hole]) => hole === offset);
  }

  hasLetter({ id }: Listener, eventId: string): boolean {
    const letters = [...this.#storage.letters.values()];
    return letters.some((letter) => letter.subscriptionId === id && letter.eventId === eventId);
  }

  /** The first unsettled event of each lane. */
  headsOf(listener: Listener, ordering: 'key' | 'none'): string[] {
    const heads = new Map<string, string>();
    for (const event of this.owedTo(listener)) {
      const lane = ordering === 'key' ? event.key : event.id;
      if (!heads.has(lane) && !this.isSettled(listener, event)) heads.set(lane, event.id);
    }
    return [...heads.values()];
  }
}
