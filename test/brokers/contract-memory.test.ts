import { LogBroker } from '../../src/brokers/log/log-broker.ts';
import type { Coordinates, NewRecord } from '../../src/brokers/broker.ts';
import type { PartitionOwner } from '../../src/brokers/log/log.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock, type Clock } from '../../src/time.ts';
import { brokerContract, type BrokerSetting } from '../contracts/broker.ts';
import { MemoryLog, MemoryStorage } from '../support/memory-log.ts';
import { SimClock } from '../support/sim-clock.ts';

const TOPIC = 'bss.ordering.events';

/** Makes a topic with its first record; its owner hears of it a little later, as on any broker. */
class GrowingLog extends MemoryLog {
  #owner: PartitionOwner | undefined;

  override start(owner: PartitionOwner): Promise<void> {
    this.#owner = owner;
    return super.start(owner);
  }

  override async append(record: NewRecord): Promise<Coordinates> {
    const { topic } = record;
    if (this.storage.partitions.some((partition) => partition.topic === topic)) return super.append(record);
    const added = this.storage.addPartition(topic, 0);
    const at = await super.append(record);
    await this.#owner?.assigned([added]);
    return at;
  }
}

async function make(clock: Clock): Promise<BrokerSetting> {
  const storage = new MemoryStorage({ [TOPIC]: 3 });
  let ids = 0;
  let log: GrowingLog;
  let broker: LogBroker;

  const open = (): LogBroker => {
    log = new GrowingLog(storage, clock);
    return (broker = new LogBroker(log, {
      capabilities: { sharedLog: true, replicas: false, indexed: true },
      commits: { minIntervalMs: 5, perSecond: 20_000 },
      clock,
      logger: silentLogger,
      newId: () => String(++ids),
    }));
  };

  const kill = (): void => {
    log.kill();
    broker.quiesce();
  };

  return {
    broker: open(),
    topic: TOPIC,
    newTopic: 'bss.later.events',
    ...(clock instanceof SimClock && { clock }),
    reopen: async () => {
      kill();
      return open();
    },
    retire: async () => {
      for (const partition of storage.partitions) log.truncate(partition, log.knownEnd(partition));
    },
    cleanup: async () => kill(),
  };
}

brokerContract('on a log in memory, in real time', () => make(systemClock));
brokerContract('on a log in memory, in simulated time', () => make(new SimClock()));
