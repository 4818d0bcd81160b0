import type { Channel } from 'amqplib';
import type { Clock, Timer } from '../../../time.ts';
import { Lease, type LeaseTimes } from '../../lease.ts';
import type { Link } from './link.ts';

const BEAT_MS = 2_000;

/**
 * RULES 9: a process that was frozen wakes, and another replica has its messages by then, because RabbitMQ has given
 * it up. So attempts begin only while RabbitMQ has surely heard of us: it is asked something every other second.
 */
export class Pulse {
  readonly lease: Lease;
  readonly #link: Link;
  readonly #clock: Clock;
  #channel: Channel | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(link: Link, clock: Clock, { attemptTimeoutMs }: Pick<LeaseTimes, 'attemptTimeoutMs'>) {
    this.#link = link;
    this.#clock = clock;
    const agreed = {
      attemptTimeoutMs,
      get sessionTimeoutMs() {
        return link.heartbeatMs;
      },
    };
    this.lease = new Lease(clock, agreed);
    link.onUp(() => {
      this.#channel = undefined;
      void this.#beat();
    });
  }

  /** Why no attempt can ever begin; undefined when one can. */
  get problem(): string | undefined {
    if (!this.#link.isUp || this.lease.canHold()) return undefined;
    return `the server wants a heartbeat of ${this.#link.heartbeatMs / 1000} s: too short for callbacks.timeout`;
  }

  start(): void {
    this.#timer = this.#clock.after(BEAT_MS, () => {
      if (this.#stopped) return;
      void this.#beat();
      this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #beat(): Promise<void> {
    const sentAt = this.lease.now();
    try {
      this.#channel ??= await this.#link.channel();
      // The cheapest question there is: it changes nothing on a channel without consumers.
      await this.#channel.prefetch(1);
      this.lease.renew(sentAt);
    } catch {
      // The connection says itself what is wrong with it.
      this.#channel = undefined;
    }
  }
}
