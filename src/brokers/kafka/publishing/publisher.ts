import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import type { Coordinates } from '../../broker.ts';
import type { Health } from '../../../health.ts';
import { partitionOf } from '../../log/murmur2.ts';
import { Appends } from './appends.ts';
import type { Batch, Queued } from './batch-lane.ts';
import type { Cluster } from '../wire/cluster.ts';
import { MicroBatcher, type Answer, type BatchLimits, type Destination } from './micro-batcher.ts';
import type { KafkaNewRecord } from './produce-request.ts';
import { TopicRefused, type TopicAdmin, type TopicShape } from '../wire/topic-admin.ts';
import { reasonOf, type Node, type Wire } from '../wire/wire.ts';

export type { KafkaNewRecord } from './produce-request.ts';

export interface Publisher {
  /**
   * Resolves with the record's place once all replicas in sync have it. Rejects with PublishRefused when it could not
   * be stored (its `cause` is TooLarge when it never can be), or nobody confirmed it in time: then it may be in the log
   * all the same, and whoever publishes it again may make a duplicate, never a gap.
   *
   * Records with one key keep the order of the calls. None is sent before the earlier ones of its partition were
   * confirmed or refused, and a refused one that turns up late is not taken after a later one.
   */
  publish(
    record: KafkaNewRecord,
  ): Promise<Coordinates & { readonly partition: number; readonly offset: number }>;
  /** Takes no more, waits up to `withinMs` for what is under way, and refuses the rest. */
  stop(withinMs?: number): Promise<void>;
  health(): Health;
}

export interface PublisherOptions {
  readonly wire: Wire;
  readonly cluster: Cluster;
  readonly admin: TopicAdmin;
  /** Of the source: `Coordinates.broker`. */
  readonly name: string;
  /** How a topic is made that is not there; `never`: records for it are refused. */
  readonly topicConfig: (topic: string) => TopicShape | 'never';
  readonly limits?: Partial<BatchLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DEFAULTS: BatchLimits = {
  queueBytes: 64 << 20,
  batchRecords: 500,
  // A broker takes 1 MiB in one batch, unless it is told otherwise.
  batchBytes: 900_000,
  waitMs: 10_000,
};
/** What a record costs beside its texts: its place in the batch there, its objects here. */
const RECORD_BYTES = 100;
const RETRY_MS = 200;
/** How often the leaders are asked for, while all is well and while it is not. */
const WATCH_MS = 10_000;
const TROUBLE_MS = 1_000;

type Outgoing = KafkaNewRecord & Queued;

/** Works whenever the cluster does, and begins again by itself. */
export function createPublisher(options: PublisherOptions): Publisher {
  const publisher = new KafkaPublisher(options);
  publisher.start();
  return publisher;
}

class KafkaPublisher implements Publisher, Destination<Outgoing, Node> {
  readonly #options: PublisherOptions;
  readonly #cluster: Cluster;
  readonly #admin: TopicAdmin;
  readonly #appends: Appends;
  readonly #batcher: MicroBatcher<Outgoing, Node>;
  readonly #opening = new Set<string>();
  #refreshing = false;
  #stopped = false;
  #said: string | undefined;

  constructor(options: PublisherOptions) {
    const { wire, cluster, admin, clock, limits } = options;
    this.#options = options;
    this.#cluster = cluster;
    this.#admin = admin;
    this.#appends = new Appends(wire, clock);
    this.#batcher = new MicroBatcher(this, { ...DEFAULTS, ...limits }, clock);
  }

  start(): void {
    this.#watch();
  }

  async publish(record: KafkaNewRecord): Promise<Coordinates & { partition: number; offset: number }> {
    const { topic } = record;
    const placed = await this.#batcher.add({ ...record, bytes: bytesOf(record) });
    return { broker: this.#options.name, topic, ...placed };
  }

  async stop(withinMs = 5_000): Promise<void> {
    await this.#batcher.stop(withinMs);
    this.#stopped = true;
  }

  health(): Health {
    const problem = this.#stopped ? 'stopped' : (this.#cluster.problem ?? this.#appends.problem);
    return problem === undefined ? { ok: true } : { ok: false, reason: problem };
  }

  place({ topic, key, partition }: Outgoing): number | undefined {
    const known = this.#cluster.topics.get(topic);
    if (known) return partition ?? partitionOf(key, known.leaders.length);
    this.#open(topic);
    return undefined;
  }

  whyUnknown(topic: string): string {
    return this.#cluster.problem ?? `the topic ${topic} is not there yet`;
  }

  leader(topic: string, partition: number): Node | undefined {
    const leader = this.#cluster.leaderOf({ topic, partition });
    if (leader) return leader;
    if (this.#cluster.topics.has(topic)) this.#refresh();
    else this.#open(topic);
    return undefined;
  }

  async append(node: Node, batches: readonly Batch<Outgoing>[]): Promise<Answer[]> {
    const answers = await this.#appends.append(node, batches);
    if (answers.some(({ kind }) => kind === 'again')) this.#refresh();
    return answers;
  }

  abandon(batch: Batch<Outgoing>): void {
    this.#appends.abandon(batch);
  }

  /** Finds the topic, or makes it, while anybody waits for it. */
  #open(topic: string): void {
    if (this.#opening.has(topic)) return;
    this.#opening.add(topic);
    void this.#find(topic).finally(() => this.#opening.delete(topic));
  }

  async #find(topic: string): Promise<void> {
    // A broker that just came back may not know yet what there is: only the second look counts.
    for (let look = 1; look === 1 || this.#batcher.awaits(topic); look++) {
      try {
        if (await this.#there(topic)) return this.#batcher.wake(topic);
        const refused = `there is no topic ${topic} in Kafka, and it may not be made`;
        if (look > 1) return this.#batcher.refuse(topic, refused);
      } catch (error) {
        if (error instanceof TopicRefused) return this.#batcher.refuse(topic, error.message);
        this.#options.logger.debug({ topic, reason: reasonOf(error) }, 'kafka.topic-not-opened');
      }
      await sleep(this.#options.clock, RETRY_MS);
    }
  }

  async #there(topic: string): Promise<boolean> {
    this.#cluster.want([topic]);
    await this.#cluster.refresh();
    if (this.#cluster.topics.has(topic)) return true;
    const shape = this.#options.topicConfig(topic);
    if (shape === 'never') return false;
    await this.#admin.ensureTopic(topic, shape);
    this.#options.logger.info({ topic, ...shape }, 'kafka.topic-made');
    return true;
  }

  #refresh(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    const done = (): void => void (this.#refreshing = false);
    this.#cluster.refresh().then(done, done);
  }

  /** Keeps the leaders known while nothing is published, and says when publishing stops and goes on. */
  #watch(): void {
    if (this.#stopped) return;
    const next = (): void => {
      // With nothing to send, no later answer would take it back.
      if (this.#batcher.idle) this.#appends.problem = undefined;
      const { ok } = this.#say();
      this.#options.clock.after(ok ? WATCH_MS : TROUBLE_MS, () => this.#watch());
    };
    this.#cluster.refresh().then(next, next);
  }

  #say(): Health {
    const health = this.health();
    // While no broker answers at all, that is said where it is found out.
    if (this.#stopped || this.#cluster.problem !== undefined) return health;
    const { problem } = this.#appends;
    const { logger, name } = this.#options;
    if (problem !== this.#said) {
      if (problem === undefined) logger.info({ source: name }, 'kafka.publishing-again');
      else logger.error({ source: name, reason: problem }, 'kafka.publishing-stopped');
    }
    this.#said = problem;
    return health;
  }
}

function bytesOf({ key, value, headers }: KafkaNewRecord): number {
  let bytes = RECORD_BYTES + Buffer.byteLength(key) + (value?.byteLength ?? 0);
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] as string);
  return bytes;
}
