import type { Logger } from '../../../logger.ts';
import { sleep, type Clock, type Timer } from '../../../time.ts';
import type { Link } from '../wire/link.ts';
import { saidBy } from '../wire/refused-call.ts';
import type { QueueFeed } from './queue-feed.ts';
import type { Topology } from './topology.ts';

/** What was deleted at the broker is there again after so long, and an exchange that came to be is bound. */
const LOOK_MS = 10_000;
const RETRY_MS = 2_000;

/** Sees to it that what the queues hang on is there, at the start and ever after. */
export class Upkeep {
  readonly #link: Link;
  readonly #topology: Topology;
  readonly #deps: { readonly clock: Clock; readonly logger: Logger };
  readonly #feeds: () => Iterable<QueueFeed>;
  #timer: Timer | undefined;
  #stopped = false;
  /** What the server refused of all that is to be there. */
  problem: string | undefined;

  constructor(
    link: Link,
    topology: Topology,
    deps: { readonly clock: Clock; readonly logger: Logger },
    feeds: () => Iterable<QueueFeed>,
  ) {
    this.#link = link;
    this.#topology = topology;
    this.#deps = deps;
    this.#feeds = feeds;
  }

  /** Resolves when all is there and `then` is done, however long the server refuses it; or when it was stopped. */
  async open(then: () => Promise<void>): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!this.#stopped) {
      try {
        await this.#topology.ensure();
        await then();
        break;
      } catch (error) {
        const reason = saidBy(error);
        if (reason !== this.problem && this.#link.isUp) logger.error({ reason }, 'rabbitmq.not-ready');
        this.problem = reason;
        await sleep(clock, RETRY_MS);
      }
    }
    this.problem = undefined;
    this.#lookLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Exchanges may have been deleted or have come to be; messages may have been held for long. */
  #lookLater(): void {
    this.#timer = this.#deps.clock.after(LOOK_MS, () => {
      if (this.#stopped) return;
      for (const feed of this.#feeds()) feed.checkAge();
      this.#topology.ensure().then(
        () => (this.problem = undefined),
        (error: unknown) => (this.problem = this.#link.isUp ? saidBy(error) : undefined),
      );
      this.#lookLater();
    });
  }
}
