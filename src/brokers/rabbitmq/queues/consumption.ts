import type { Channel, ConsumeMessage } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import type { Clock } from '../../../time.ts';
import type { Delivery, Feed, Outlet, Routed } from '../../broker.ts';
import { coordinatesOf, stampedAt } from '../wire/message.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { AttemptRecord } from './attempt-record.ts';
import type { Routing } from './routing.ts';

/** Why a consumption is over. */
export type Ending =
  /** The channel is dead: what was in memory is RabbitMQ's again. */
  | 'lost'
  /** There is no such queue any more. */
  | 'cancelled'
  /** We let go of it. */
  | 'left';

export interface ConsumptionHost {
  readonly broker: string;
  readonly outlet: Outlet;
  readonly routing: Routing;
  readonly attempts: AttemptRecord;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False once offers are over for the whole gateway. */
  mayOffer(): boolean;
  mayAttempt(): boolean;
  /** Bytes that wait here without having been offered became more or fewer. */
  buffered(bytes: number): void;
}

/** A message that RabbitMQ waits to be told the fate of. */
interface Held {
  readonly message: ConsumeMessage;
  /** On the monotonic clock. */
  readonly receivedAt: number;
  /** What the event says of itself, once it has been read. */
  eventTime?: number;
}

interface QueueDelivery extends Delivery {
  readonly held: Held;
  readonly messageId: string;
}

/**
 * What one channel hands out of one queue, from its opening to its end. Messages wait in their order until the outlet
 * has room, and are acknowledged one by one when their fate is durable. None is ever given back singly: only the end of
 * the channel gives back, all that is left, in its order (RULES 22).
 */
export class Consumption implements Feed {
  /** Resolves when it is over and none of its attempts is under way. */
  readonly ended: Promise<Ending>;
  readonly #host: ConsumptionHost;
  readonly #channel: Channel;
  readonly #acknowledgements: Acknowledgements;
  /** All that is not acknowledged, in the order of the queue, by delivery tag. */
  readonly #unsettled = new Map<number, Held>();
  /** Of those, what is not offered; the first `#first` places are used up. */
  #buffer: Held[] = [];
  #first = 0;
  /** Redelivered messages up to this tag have their attempts loaded. */
  #attemptsUpTo = 0;
  /** Waits for something before it goes on: a quarantine, the attempts. */
  #isWaiting = false;
  #isPumping = false;
  #state: 'open' | 'leaving' | 'closed' = 'open';
  #end: (ending: Ending) => void = () => undefined;
  /** It had something and could not offer it. */
  isStalled = false;
  /** RabbitMQ has handed something out to it: no other consumer is the active one. */
  isActive = false;

  constructor(host: ConsumptionHost, channel: Channel) {
    this.#host = host;
    this.#channel = channel;
    this.#acknowledgements = new Acknowledgements(channel, host.clock);
    this.ended = new Promise((resolve) => (this.#end = resolve));
    channel.once('close', () => void this.#over(this.#state === 'leaving' ? 'left' : 'lost'));
  }

  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** Bytes that wait without having been offered. */
  bufferedBytes = 0;

  /**
   * When the oldest message that is not settled was stamped, milliseconds since the epoch; of one that nobody stamped the
   * time of its event.
   */
  get oldestStamp(): number | undefined {
    const [first] = this.#unsettled.values();
    return first && (stampedAt(first.message) ?? first.eventTime ?? this.#host.clock.now());
  }

  /** When the oldest message that is not settled was received, on the monotonic clock. */
  get oldestReceivedAt(): number | undefined {
    const [first] = this.#unsettled.values();
    return first?.receivedAt;
  }

  /** RabbitMQ hands out a message; null: the queue is gone. */
  receive(message: ConsumeMessage | null): void {
    if (!message) return void this.#over('cancelled');
    if (this.#state !== 'open') return;
    this.isActive = true;
    const held: Held = { message, receivedAt: this.#host.clock.monotonic() };
    this.#unsettled.set(message.fields.deliveryTag, held);
    this.#buffer.push(held);
    this.#count(message.content.length);
    this.pump();
  }

  /** Offers what there is room for. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#step());
    } finally {
      this.#isPumping = false;
    }
  }

  /** Offers nothing more, lets what is under way end within `graceMs`, and gives the rest back. */
  async leave(graceMs: number): Promise<void> {
    if (this.#state !== 'open') {
      await this.ended;
      return;
    }
    this.#state = 'leaving';
    await this.#host.outlet.release(this, graceMs);
    await this.#acknowledgements.written();
    // Where the connection breaks meanwhile, the answer never comes; that it is over does.
    await Promise.race([this.#channel.close().catch(() => undefined), this.ended]);
    await this.#over('left');
    await this.ended;
  }

  settle(delivery: Delivery): void {
    const { held, messageId } = delivery as QueueDelivery;
    if (this.#state === 'closed' || !this.#unsettled.has(tagOf(held))) return;
    this.#host.attempts.settled(messageId);
    this.#acknowledge(held);
  }

  attempted(delivery: Delivery): void {
    if (this.#state === 'closed') return;
    this.#host.attempts.attempted((delivery as QueueDelivery).messageId, delivery.attempts, delivery.history);
  }

  /** It goes back to its place among those that wait: its memory is counted here from now on. */
  evicted(delivery: Delivery): void {
    const { held } = delivery as QueueDelivery;
    if (this.#state !== 'open' || !this.#unsettled.has(tagOf(held))) return;
    const waiting = this.#buffer.slice(this.#first);
    const place = waiting.findIndex((other) => tagOf(other) > tagOf(held));
    waiting.splice(place < 0 ? waiting.length : place, 0, held);
    this.#buffer = waiting;
    this.#first = 0;
    this.#count(held.message.content.length);
    // The others of the same eviction come first, and those who need the memory.
    this.#host.clock.after(0, () => this.pump());
  }

  mayAttempt(): boolean {
    return this.#state === 'open' && this.#host.mayAttempt();
  }

  /** False when there is nothing to be done now. */
  #step(): boolean {
    const held = this.#buffer[this.#first];
    const { outlet, routing, attempts } = this.#host;
    if (!held || this.#state !== 'open' || this.#isWaiting || !this.#host.mayOffer()) return false;
    this.isStalled = !outlet.hasRoom();
    if (this.isStalled) return false;
    if (held.message.fields.redelivered && tagOf(held) > this.#attemptsUpTo) {
      this.#attemptsUpTo = tagOf(this.#buffer.at(-1) as Held);
      this.#waitFor(attempts.load(this.#heldIds()));
      return false;
    }
    const routed = routing.route(held.message);
    if ('quarantined' in routed) {
      this.#waitFor(routed.quarantined.then(() => this.#pass(held)));
      return false;
    }
    this.#take();
    if (routed.subscriptionIds.includes(outlet.subscriptionId)) this.#offer(held, routed);
    else this.#acknowledge(held);
    return true;
  }

  #offer(held: Held, { event, record }: Routed): void {
    const { outlet, attempts, broker, logger } = this.#host;
    held.eventTime = event.time;
    const messageId = record.source.messageId ?? coordinatesOf(broker, held.message).messageId ?? '';
    const before = attempts.of(messageId);
    const delivery: QueueDelivery = {
      ...{ event, record, feed: this, replay: false, held, messageId },
      attempts: before?.attempts ?? 0,
      history: before?.history,
      successesAtFirstFailure: undefined,
    };
    try {
      outlet.offer(delivery);
    } catch (error) {
      logger.error({ err: error, subscriptionId: outlet.subscriptionId, eventId: event.id }, 'offer.failed');
    }
  }

  #take(): void {
    const held = this.#buffer[this.#first++] as Held;
    this.#count(-held.message.content.length);
    if (this.#first < this.#buffer.length) return;
    this.#buffer = [];
    this.#first = 0;
  }

  /** The first of the buffer is durable elsewhere. */
  #pass(held: Held): void {
    if (this.#state === 'closed' || this.#buffer[this.#first] !== held) return;
    this.#take();
    this.#acknowledge(held);
  }

  #acknowledge(held: Held): void {
    this.#unsettled.delete(tagOf(held));
    this.#acknowledgements.add(held.message);
  }

  /** The buffer goes on when it is done; a quarantine that never is ends with the consumption. */
  #waitFor(work: Promise<void>): void {
    this.#isWaiting = true;
    work
      .catch((error: unknown) => this.#host.logger.error({ err: error }, 'rabbitmq.message-not-passed'))
      .then(() => {
        this.#isWaiting = false;
        this.pump();
      })
      .catch(() => undefined);
  }

  #heldIds(): ReadonlySet<string> {
    const { broker } = this.#host;
    return new Set(
      [...this.#unsettled.values()].map(({ message }) => coordinatesOf(broker, message).messageId ?? ''),
    );
  }

  #count(bytes: number): void {
    this.bufferedBytes += bytes;
    this.#host.buffered(bytes);
  }

  async #over(ending: Ending): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#count(-this.bufferedBytes);
    this.#buffer = [];
    this.#first = 0;
    if (ending === 'cancelled') this.#channel.close().catch(() => undefined);
    // What is under way settles nothing any more; what comes again must not meet it.
    await this.#host.outlet.release(this, 0);
    this.#unsettled.clear();
    this.#end(ending);
  }
}

function tagOf({ message }: Held): number {
  return message.fields.deliveryTag;
}
