import type { DeadLetter } from '../../src/brokers/broker.ts';
import { TopicDeadLetters } from '../../src/brokers/tables/dead-letters.ts';
import { FakeAccess, FakeTopics, loudLogger } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';

export const TOPIC = 'hub.dead-letters';
export const HOUR = 3_600_000;
export const MIB = 1 << 20;
export const ALL = { offset: 0, limit: 1_000_000 };

/** Replicas that keep their dead letters in one topic, for a day after their end. */
export class LettersSite {
  readonly clock = new SimClock();
  /** Reads wait longer than real ones, for days pass here. */
  readonly topics = new FakeTopics(this.clock, HOUR);
  readonly #open: TopicDeadLetters[] = [];

  async started({ maxBytes = 12 * MIB, partitions = 2 } = {}) {
    const [access, bodies] = [new FakeAccess(this.topics), new FakeAccess(this.topics)];
    const { logger, said } = loudLogger();
    const settings = { topic: TOPIC, partitions, maxBytes, keepMs: 24 * HOUR };
    const letters = new TopicDeadLetters({ ...settings, access, bodies, clock: this.clock, logger });
    this.#open.push(letters);
    await letters.start();
    return { letters, access, bodies, said };
  }

  close(): void {
    for (const letters of this.#open) letters.stop();
    this.topics.wake();
  }
}

export function letter(id: string, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    reason: 'exhausted',
    subscriptionId: 's1',
    callback: 'https://listener.example/cb',
    eventId: `event of ${id}`,
    eventType: 'ProductOrderCreateEvent',
    correlationId: 'c1',
    attempts: [
      { n: 1, at: '2026-01-01T00:00:00.000Z', status: 500, durationMs: 12, answer: 'no "way" ✓' },
      { n: 2, at: '2026-01-01T00:00:01.000Z', status: 503, durationMs: 9, answer: 'x'.repeat(1_000) },
    ],
    error: 'The listener answered 503.',
    retryCount: 1,
    source: {
      ...{ broker: 'kafka', topic: 'orders', partition: 0, offset: 3, key: 'order ✓', timestamp: 5 },
      headers: { eventId: `event of ${id}`, traceparent: '00-1-2-01' },
    },
    body: Buffer.from(`{"eventId":"event of ${id}"}`),
    deadAt: '2026-01-01T00:00:00.000Z',
    state: 'open',
    ...more,
  };
}

/** Bytes compare as bytes, whatever kind of array they come in. */
export const plain = ({ body, ...rest }: DeadLetter) => ({ ...rest, body: [...body] });
export const idsOf = ({ items }: { items: readonly DeadLetter[] }) => items.map(({ id }) => id);
