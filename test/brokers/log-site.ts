import type { CommitBudget } from '../../src/brokers/log/committer.ts';
import { LogBroker } from '../../src/brokers/log/log-broker.ts';
import { decodeHoles, type Holes } from '../../src/brokers/log/position.ts';
import type { Logger } from '../../src/logger.ts';
import type { BrokerSetting } from '../contracts/broker.ts';
import { MemoryLog, MemoryStorage, NO_FAULTS, positionKey } from '../support/memory-log.ts';
import { SimClock } from '../support/sim-clock.ts';

export const TOPIC = 'bss.ordering.events';

export interface SiteOptions {
  readonly partitions?: number;
  readonly capacity?: number;
  readonly commits?: CommitBudget;
  readonly retentionMs?: number;
}

class SiteLog extends MemoryLog {
  override readonly positionCapacity: number;
  override readonly retentionMs: number | undefined;
  holdsLease = true;

  constructor(options: SiteOptions, ...[storage, clock, faults]: ConstructorParameters<typeof MemoryLog>) {
    super(storage, clock, faults);
    this.positionCapacity = options.capacity ?? Infinity;
    this.retentionMs = options.retentionMs;
  }

  override leaseHolds(): boolean {
    return this.holdsLease && super.leaseHolds();
  }
}

/** The engine on a log in memory and a clock that the test owns, with what it wrote and said in view. */
export class LogSite implements BrokerSetting {
  readonly clock = new SimClock();
  readonly storage: MemoryStorage;
  readonly topic = TOPIC;
  readonly newTopic = 'none';
  /** What was logged, by its message. */
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> }[] = [];
  readonly faults = { ...NO_FAULTS, commitFails: () => this.commitsFail };
  commitsFail = false;
  log: SiteLog;
  broker: LogBroker;
  readonly #options: SiteOptions;
  #ids = 0;

  constructor(options: SiteOptions = {}) {
    this.#options = options;
    this.storage = new MemoryStorage({ [TOPIC]: options.partitions ?? 1 });
    [this.log, this.broker] = this.#open();
  }

  async reopen(): Promise<LogBroker> {
    this.#kill();
    [this.log, this.broker] = this.#open();
    return this.broker;
  }

  async cleanup(): Promise<void> {
    this.#kill();
  }

  /** The durable position of a feed in the first partition, or another. */
  position(feedId: string, partition = 0): ({ readonly offset: number } & Holes) | undefined {
    const stored = this.storage.positions.get(positionKey(feedId, TOPIC, partition));
    return stored && { offset: stored.offset, ...decodeHoles(stored.offset, stored.holes) };
  }

  setPosition(feedId: string, offset: number, more: { topicId?: string; holes?: string } = {}): void {
    this.storage.positions.set(positionKey(feedId, TOPIC, 0), {
      ...{ subscriptionId: feedId, topic: TOPIC, partition: 0, topicId: `${TOPIC}-1`, offset, holes: '' },
      ...more,
    });
  }

  messages(message: string): Record<string, unknown>[] {
    return this.logged.filter((line) => line.message === message).map(({ fields }) => fields);
  }

  #open(): [SiteLog, LogBroker] {
    const { clock, faults, storage } = this;
    const log = new SiteLog(this.#options, storage, clock, faults);
    const say = (fields: object, message: string): void =>
      void this.logged.push({ message, fields: { ...fields } });
    const logger: Logger = { debug: say, info: say, warn: say, error: say, isLevelEnabled: () => true };
    const broker = new LogBroker(log, {
      capabilities: { sharedLog: true, replicas: false, indexed: true },
      commits: this.#options.commits ?? { minIntervalMs: 200, perSecond: 500 },
      ...{ clock, logger, newId: () => String(++this.#ids) },
    });
    return [log, broker];
  }

  #kill(): void {
    this.log.kill();
    this.broker.quiesce();
  }
}
