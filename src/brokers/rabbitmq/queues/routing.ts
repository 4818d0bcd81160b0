import type { ConsumeMessage } from 'amqplib';
import type { Clock } from '../../../time.ts';
import type { Intake, Routed } from '../../broker.ts';
import { recordOf } from '../wire/message.ts';

type Answer = Routed | { readonly quarantined: Promise<void> };

interface Known {
  readonly content: Buffer;
  readonly epoch: number;
  readonly answer: Answer;
}

/** Headers that say which event it is, and whose. */
const TELLING = ['tmfTopic', 'tmfApi', 'eventType', 'eventId', 'correlationId', 'traceparent'];

/** The queues that an event was routed to hand it out within moments of each other. */
const MOST_EVENTS = 1_024;
const MOST_BYTES = 8 << 20;

/** Decodes and matches an event once, however many queues have a copy of it. */
export class Routing {
  readonly #broker: string;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  #bytes = 0;
  #intake: Intake | undefined;

  constructor(broker: string, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
  }

  start(intake: Intake): void {
    this.#intake = intake;
  }

  route(message: ConsumeMessage): Answer {
    const intake = this.#intake as Intake;
    const { content } = message;
    const key = keyOf(message);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known?.epoch === intake.epoch && known.content.equals(content)) return known.answer;
    const answer = intake.route(recordOf(this.#broker, message, this.#clock.now()));
    if (key !== undefined) this.#keep(key, { content, epoch: intake.epoch, answer });
    return answer;
  }

  #keep(key: string, known: Known): void {
    this.#bytes += known.content.length - (this.#known.get(key)?.content.length ?? 0);
    this.#known.set(key, known);
    for (const [oldest, { content }] of this.#known) {
      if (this.#known.size <= MOST_EVENTS && this.#bytes <= MOST_BYTES) return;
      this.#known.delete(oldest);
      this.#bytes -= content.length;
    }
  }
}

/** Undefined: nothing tells it from another one. Producers may use an id again, and only a header may be different. */
function keyOf({ fields: { exchange, routingKey }, properties }: ConsumeMessage): string | undefined {
  const id: unknown = properties.messageId;
  if (typeof id !== 'string') return undefined;
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  return JSON.stringify([exchange, routingKey, id, ...TELLING.map((name) => headers[name] ?? null)]);
}
