import type { Channel, ConsumeMessage } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import type { DeadLetter, DeadLetters } from '../../broker.ts';
import type { Link } from '../wire/link.ts';
import { recordOf } from '../wire/message.ts';

export interface DeadLetteredOptions {
  readonly link: Link;
  readonly broker: string;
  readonly prefix: string;
  readonly queue: string;
  readonly letters: DeadLetters;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PREFETCH = 20;
const RETRY_MS = 2_000;

/**
 * RULES 21: what RabbitMQ dead-letters by itself, because of a policy that an operator set for our queues (a time to
 * live, a length, a delivery limit), becomes a dead letter like any other. The message is acknowledged once that is
 * durable (PITFALLS 3).
 */
export class DeadLettered {
  readonly #options: DeadLetteredOptions;
  #stopped = false;

  constructor(options: DeadLetteredOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.link.onUp(() => void this.#consume());
    if (this.#options.link.isUp) void this.#consume();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #consume(): Promise<void> {
    const { link, queue, clock, logger } = this.#options;
    if (this.#stopped || !link.isUp) return;
    const again = (): void => void clock.after(RETRY_MS, () => void this.#consume());
    try {
      const channel = await link.channel();
      await channel.prefetch(PREFETCH);
      const { consumerTag } = await channel.consume(queue, (message) => {
        if (message) void this.#bury(channel, message);
        else again();
      });
      logger.debug({ queue, consumerTag }, 'rabbitmq.dead-lettered-watched');
    } catch (error) {
      logger.warn({ queue, reason: String(error) }, 'rabbitmq.dead-lettered-not-watched');
      again();
    }
  }

  async #bury(channel: Channel, message: ConsumeMessage): Promise<void> {
    const { letters, logger, clock } = this.#options;
    const letter = this.#letterOf(message);
    while (!this.#isStopped()) {
      try {
        if (!(await letters.get(letter.id))) await letters.put(letter);
        break;
      } catch (error) {
        logger.error({ deadLetter: letter.id, reason: String(error) }, 'dead-letter.delayed');
        await sleep(clock, RETRY_MS);
      }
    }
    if (this.#isStopped()) return;
    const { id, subscriptionId, eventId, error } = letter;
    logger.error({ deadLetter: id, subscriptionId, eventId, reason: error }, 'dead-letter.by-the-broker');
    try {
      channel.ack(message);
    } catch {
      // The channel has closed: it comes again, and is known by its id.
    }
  }

  /** A call, because the compiler believes that an `await` changes no field. */
  #isStopped(): boolean {
    return this.#stopped;
  }

  #letterOf(message: ConsumeMessage): DeadLetter {
    const { broker, prefix, clock } = this.#options;
    const record = recordOf(broker, message, clock.now());
    const raw = (message.properties.headers ?? {}) as Record<string, unknown>;
    const textOf = (name: string): string => (typeof raw[name] === 'string' ? raw[name] : '');
    const queue = textOf('x-first-death-queue');
    const why = textOf('x-first-death-reason');
    const subscriptionId = queue.startsWith(`${prefix}.`) ? queue.slice(prefix.length + 1) : null;
    const exchange = textOf('x-first-death-exchange');
    const { headers, key, timestamp } = record;
    const id = [subscriptionId ?? queue, 'by-broker', record.source.messageId ?? '']
      .map(encodeURIComponent)
      .join('.');
    return {
      id,
      reason: why === 'delivery_limit' ? 'exhausted' : 'expired',
      subscriptionId,
      callback: null,
      eventId: headers['eventId'] ?? null,
      eventType: headers['eventType'] ?? record.source.routingKey ?? null,
      correlationId: headers['correlationId'] ?? null,
      attempts: [],
      error: `RabbitMQ took it out of the queue by itself: ${why || 'it did not say why'}.`,
      retryCount: 0,
      source: {
        ...record.source,
        ...(exchange !== '' && { topic: exchange }),
        ...(key !== undefined && { key }),
        headers,
        timestamp,
      },
      body: record.value,
      deadAt: new Date(clock.now()).toISOString(),
      state: 'open',
    };
  }
}
