/** The brokers by the configuration: the only file that names concrete drivers. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Broker } from './brokers/broker.ts';
import { createEmbeddedLog } from './brokers/embedded/embedded-log.ts';
import { LogBroker } from './brokers/log/log-broker.ts';
import type { Config } from './config/load.ts';
import type { Logger } from './logger.ts';
import { systemClock as clock } from './time.ts';

/** How often new topics and partitions are looked for. */
const KAFKA_LOOK_MS = 5_000;

/** `registry` names the subscriptions that this process knows. Nothing is connected yet. */
export async function createBroker(config: Config, logger: Logger, registry: () => string): Promise<Broker> {
  switch (config.broker) {
    case 'embedded':
      return embeddedBroker(config, logger);
    case 'kafka':
      return kafkaBroker(config, logger, registry);
    default:
      throw new Error(
        `This version has no ${config.broker} driver yet: set "broker: embedded" or "broker: kafka".`,
      );
  }
}

function embeddedBroker({ data, topics, embedded }: Config, logger: Logger): Broker {
  const { age, size } = embedded.retention;
  const log = createEmbeddedLog({
    dir: data.dir,
    name: 'embedded',
    topics: [...new Set(Object.values(topics))],
    partitionsPerTopic: embedded.partitions,
    retention: { ageMs: age, ...(size === 'off' ? {} : { bytes: size }) },
    clock,
    logger,
  });
  return new LogBroker(log, {
    capabilities: { sharedLog: true, replicas: false, indexed: true },
    commits: { minIntervalMs: 20, perSecond: 20_000 },
    clock,
    logger,
    newId: randomUUID,
  });
}

/** Loaded when it is wanted: the client costs memory that the other drivers need not pay. */
async function kafkaBroker(config: Config, logger: Logger, registry: () => string): Promise<Broker> {
  const { kafka, name, topics, callbacks, data } = config;
  const { KafkaLog } = await import('./brokers/kafka/kafka-log.ts');
  const { FormerMemberFile } = await import('./brokers/kafka/group/former-member.ts');
  const { Wire } = await import('./brokers/kafka/wire/wire.ts');
  const { enabled, ...files } = kafka.tls;
  const { mechanism, username = '', password = '' } = kafka.sasl;
  const connection = {
    brokers: kafka.brokers,
    clientId: kafka.clientId ?? name,
    ...(enabled && { tls: files }),
    ...(mechanism !== 'none' && { sasl: { mechanism, username, password } }),
  };
  const replicationFactor = kafka.replicationFactor === 'broker' ? -1 : kafka.replicationFactor;
  const { maxBytes, keepSettled } = kafka.deadLetters;
  const log = new KafkaLog({
    ...{ wire: new Wire(connection, kafka.sessionTimeout), name: 'kafka', prefix: name },
    topics: kafka.topics.length > 0 ? kafka.topics : [...new Set(Object.values(topics))],
    ...{ createTopics: kafka.createTopics, partitions: kafka.partitions, replicationFactor },
    publish: { queueBytes: kafka.publishQueue, waitMs: kafka.publishTimeout },
    tables: { deadLetters: { maxBytes, keepMs: keepSettled } },
    ...{ sessionTimeoutMs: kafka.sessionTimeout, attemptTimeoutMs: callbacks.timeout },
    former: new FormerMemberFile(join(data.dir, 'kafka-member.json'), name, logger),
    ...{ registry, lookEveryMs: KAFKA_LOOK_MS, newId: randomUUID, clock, logger },
  });
  return new LogBroker(log, {
    capabilities: { sharedLog: true, replicas: true, indexed: true },
    commits: { minIntervalMs: 200, perSecond: kafka.commitsPerSecond },
    clock,
    logger,
    newId: randomUUID,
  });
}
