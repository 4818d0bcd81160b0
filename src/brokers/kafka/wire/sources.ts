import { createHash } from 'node:crypto';
import type { Logger } from '../../../logger.ts';
import type { Clock, Timer } from '../../../time.ts';
import type { Partition } from '../../log/log.ts';
import type { Cluster } from './cluster.ts';
import { reasonOf } from './wire.ts';

/** Letters that a topic name may have; anything else makes it a regular expression. */
const NAME = /^[\w.-]+$/;

/**
 * The topics that events come from: names, and regular expressions that are matched against whole names. Topics that
 * do not exist yet are looked for again and again.
 */
export class Sources {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #names: readonly string[];
  readonly #patterns: readonly RegExp[];
  readonly #isOwn: (topic: string) => boolean;
  #timer: Timer | undefined;
  #watching = false;

  /** `isOwn`: topics of the gateway's own, which are no sources whatever the patterns say. */
  constructor(
    cluster: Cluster,
    clock: Clock,
    logger: Logger,
    topics: readonly string[],
    isOwn: (topic: string) => boolean,
  ) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#logger = logger;
    this.#names = topics.filter((topic) => NAME.test(topic));
    this.#patterns = topics
      .filter((topic) => !NAME.test(topic))
      .map((topic) => new RegExp(`^(?:${topic})$`, 'u'));
    this.#isOwn = isOwn;
    cluster.want(this.#names);
    if (this.#patterns.length > 0) cluster.wantAll();
  }

  /** All partitions of all topics that match, as the cluster was when it was last asked. */
  partitions(): Partition[] {
    const found: Partition[] = [];
    for (const { name, topicId, leaders } of this.#cluster.topics.values()) {
      if (!this.has(name)) continue;
      for (let partition = 0; partition < leaders.length; partition++)
        found.push({ topic: name, partition, topicId });
    }
    return found;
  }

  has(topic: string): boolean {
    if (this.#isOwn(topic)) return false;
    return this.#names.includes(topic) || this.#patterns.some((pattern) => pattern.test(topic));
  }

  /** Changes when a topic comes, goes, is made anew or gains partitions. */
  fingerprint(): string {
    const topics = [...this.#cluster.topics.values()].filter(({ name }) => this.has(name));
    const text = topics
      .map(({ name, topicId, leaders }) => `${name} ${topicId} ${leaders.length}`)
      .toSorted()
      .join('\n');
    return createHash('sha256').update(text).digest('base64url');
  }

  /** Looks again and again; `looked` is called after each look that succeeded. */
  watch(everyMs: number, looked: () => void): void {
    this.#watching = true;
    const next = (): void => {
      if (this.#watching) this.#timer = this.#clock.after(everyMs, () => void look());
    };
    const look = async (): Promise<void> => {
      try {
        await this.#cluster.refresh();
        if (this.#watching) looked();
      } catch (error) {
        // What is wrong was said by whoever found it out.
        this.#logger.debug({ reason: reasonOf(error) }, 'kafka.not-looked');
      }
      next();
    };
    next();
  }

  stop(): void {
    this.#watching = false;
    this.#timer?.cancel();
  }
}
