import type { Channel } from 'amqplib';
import type { Clock, Timer } from '../../../time.ts';
import type { Link } from '../wire/link.ts';

export interface Measured {
  readonly queue: string;
  /** `ready`: messages that no consumer has; `askedAt`: before the question was sent, milliseconds since the epoch. */
  counted(ready: number, askedAt: number): void;
}

/** Each queue is asked about so often, where there are few. */
const ROUND_MS = 5_000;
/** Between two questions: many queues must not keep the broker busy with answers. */
const LEAST_MS = 20;

/** Asks RabbitMQ how much waits in each queue, one after the other, without end. */
export class Depths {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #queues: () => readonly Measured[];
  #channel: Channel | undefined;
  #round: Measured[] = [];
  #pause = ROUND_MS;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(link: Link, clock: Clock, queues: () => readonly Measured[]) {
    this.#link = link;
    this.#clock = clock;
    this.#queues = queues;
    link.onUp(() => (this.#channel = undefined));
  }

  start(): void {
    this.#timer = this.#clock.after(this.#pause, () => {
      if (this.#stopped) return;
      void this.#next().then(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #next(): Promise<void> {
    if (this.#round.length === 0) {
      this.#round = [...this.#queues()];
      this.#pause = Math.max(LEAST_MS, ROUND_MS / Math.max(1, this.#round.length));
    }
    const queue = this.#round.pop();
    if (!queue || !this.#link.isUp) return;
    const askedAt = this.#clock.now();
    try {
      this.#channel ??= await this.#link.channel();
      const { messageCount } = await this.#channel.checkQueue(queue.queue);
      queue.counted(messageCount, askedAt);
    } catch {
      // One that is missing is its consumer's to mend.
      this.#channel = undefined;
    }
  }
}
