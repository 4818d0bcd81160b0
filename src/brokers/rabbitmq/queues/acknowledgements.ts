import type { Channel, ConsumeMessage } from 'amqplib';
import { sleep, type Clock } from '../../../time.ts';

/** RabbitMQ passes so many on to a quorum queue at once; others wait in the channel, and are lost when that ends. */
const PASSED_ON_AT_ONCE = 32;
/** RabbitMQ does not tell when it has written them; so long is plenty for some hundreds. */
const WRITTEN_MS = 150;

/**
 * The acknowledgements of one channel. Those of one turn of the event loop go out together; what is the beginning of
 * all that is open, as one.
 */
export class Acknowledgements {
  readonly #channel: Channel;
  readonly #clock: Clock;
  /** Tags that were handed out and are not acknowledged start here. */
  #lowest = 1;
  /** Acknowledged ahead of the lowest. */
  readonly #ahead = new Set<number>();
  #due: ConsumeMessage[] = [];
  #recent = 0;
  #lastAt = -Infinity;

  constructor(channel: Channel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  add(message: ConsumeMessage): void {
    if (this.#due.length === 0) setImmediate(() => this.#flush());
    this.#due.push(message);
  }

  /** Resolves when RabbitMQ has most probably written all of them: what it has not, it hands out once more. */
  async written(): Promise<void> {
    this.#flush();
    if (this.#recent > PASSED_ON_AT_ONCE / 2 && this.#clock.monotonic() - this.#lastAt < WRITTEN_MS)
      await sleep(this.#clock, WRITTEN_MS);
  }

  #flush(): void {
    const due = this.#due;
    if (due.length === 0) return;
    this.#due = [];
    const now = this.#clock.monotonic();
    if (now - this.#lastAt > WRITTEN_MS) this.#recent = 0;
    this.#lastAt = now;
    for (const { fields } of due) this.#ahead.add(fields.deliveryTag);
    while (this.#ahead.delete(this.#lowest)) this.#lowest++;
    try {
      let last: ConsumeMessage | undefined;
      for (const message of due) {
        const tag = message.fields.deliveryTag;
        if (tag >= this.#lowest) this.#send(message, false);
        else if (!last || tag > last.fields.deliveryTag) last = message;
      }
      // Never up to a tag that was acknowledged before: looking for it, RabbitMQ would pass it and go on.
      if (last) this.#send(last, true);
    } catch {
      // The channel has just closed, and says so itself: the messages come again.
    }
  }

  #send(message: ConsumeMessage, allUpTo: boolean): void {
    this.#channel.ack(message, allUpTo);
    this.#recent++;
  }
}
