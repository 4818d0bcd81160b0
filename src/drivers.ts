/** The brokers and the registry by the configuration: the only file that names concrete drivers. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Broker } from './brokers/broker.ts';
import { CAPABILITIES } from './brokers/capabilities.ts';
import { createEmbeddedLog } from './brokers/embedded/embedded-log.ts';
import { LogBroker } from './brokers/log/log-broker.ts';
import { routingKeysOf } from './brokers/rabbitmq/queues/routing-keys.ts';
import { withCredentials } from './config/credentials.ts';
import type { Config } from './config/load.ts';
import { sourcesOf, type SourceConfig } from './config/sources.ts';
import type { Logger } from './logger.ts';
import { createSqliteRegistry } from './registry/sqlite.ts';
import type { RegistryCopy, RegistryStore } from './registry/store.ts';
import { systemClock as clock } from './time.ts';
import { TlsFiles } from './tls-files.ts';
import type { Catalogue } from './tmf/catalogue.ts';

/** How often new topics and partitions are looked for. */
const KAFKA_LOOK_MS = 5_000;
/** Events that may wait for RabbitMQ's confirmation, bytes. */
const RABBITMQ_PUBLISH_QUEUE = 64 << 20;

export interface DriverContext {
  readonly config: Config;
  readonly logger: Logger;
  readonly catalogue: Catalogue;
  readonly store: RegistryStore;
  /** Names the registry, or what this process knows of one of its own (RULES 1). */
  readonly registry: () => string;
}

/** `copies`: where the registry is kept once more, known once the brokers are there. */
export async function createRegistry(
  { name, data, redis }: Config,
  logger: Logger,
  copies: () => readonly RegistryCopy[],
): Promise<RegistryStore> {
  if (redis.url === undefined)
    return createSqliteRegistry({ dir: data.dir, clock, logger, newId: randomUUID });
  const { createRedisRegistry } = await import('./registry/redis/redis-registry.ts');
  return createRedisRegistry({
    ...{ url: withCredentials(redis.url, redis), prefix: name },
    tls: new TlsFiles('redis', redis.tls, logger),
    ...{ copies, clock, logger, newId: randomUUID },
  });
}

/** One for each source, in their order. Nothing is connected yet. */
export function createBrokers(context: DriverContext): Promise<readonly Broker[]> {
  return Promise.all(sourcesOf(context.config).map(async (source) => createBroker(source, context)));
}

// Drivers with a client are loaded when they are wanted: it costs memory that the others need not pay.
function createBroker(source: SourceConfig, context: DriverContext): Promise<Broker> | Broker {
  switch (source.broker) {
    case 'embedded':
      return embeddedBroker(source, context);
    case 'kafka':
      return kafkaBroker(source, context);
    case 'rabbitmq':
      return rabbitBroker(source, context);
  }
}

type Of<Kind> = Extract<SourceConfig, { broker: Kind }>;

function embeddedBroker({ name }: Of<'embedded'>, { config, logger }: DriverContext): Broker {
  const { data, topics, embedded } = config;
  const { age, size } = embedded.retention;
  const log = createEmbeddedLog({
    ...{ dir: data.dir, name, clock, logger },
    topics: [...new Set(Object.values(topics))],
    partitionsPerTopic: embedded.partitions,
    retention: { ageMs: age, ...(size === 'off' ? {} : { bytes: size }) },
  });
  return new LogBroker(log, {
    capabilities: CAPABILITIES.embedded,
    commits: { minIntervalMs: 20, perSecond: 20_000 },
    ...{ clock, logger, newId: randomUUID },
  });
}

async function kafkaBroker(
  source: Of<'kafka'>,
  { config, logger, registry }: DriverContext,
): Promise<Broker> {
  const { name, prefix, kafka } = source;
  const { KafkaLog } = await import('./brokers/kafka/kafka-log.ts');
  const { FormerMemberFile } = await import('./brokers/kafka/group/former-member.ts');
  const { Wire } = await import('./brokers/kafka/wire/wire.ts');
  const { mechanism, username = '', password = '' } = kafka.sasl;
  const connection = {
    brokers: kafka.brokers,
    clientId: kafka.clientId ?? prefix,
    ...(kafka.tls.enabled && { tls: new TlsFiles('kafka', kafka.tls, logger) }),
    ...(mechanism !== 'none' && { sasl: { mechanism, username, password } }),
  };
  const replicationFactor = kafka.replicationFactor === 'broker' ? -1 : kafka.replicationFactor;
  const { maxBytes, keepSettled } = kafka.deadLetters;
  const formerFile = name === 'kafka' ? 'kafka-member.json' : `kafka-member-${name}.json`;
  const log = new KafkaLog({
    ...{ wire: new Wire(connection, clock, kafka.sessionTimeout), name, prefix },
    topics: kafka.topics.length > 0 ? kafka.topics : [...new Set(Object.values(config.topics))],
    ...{ createTopics: kafka.createTopics, partitions: kafka.partitions, replicationFactor },
    publish: { queueBytes: kafka.publishQueue, waitMs: kafka.publishTimeout },
    tables: { deadLetters: { maxBytes, keepMs: keepSettled } },
    ...{ sessionTimeoutMs: kafka.sessionTimeout, attemptTimeoutMs: config.callbacks.timeout },
    former: new FormerMemberFile(join(config.data.dir, formerFile), prefix, logger),
    ...{ registry, lookEveryMs: KAFKA_LOOK_MS, newId: randomUUID, clock, logger },
  });
  return new LogBroker(log, {
    capabilities: CAPABILITIES.kafka,
    commits: { minIntervalMs: 200, perSecond: kafka.commitsPerSecond },
    ...{ clock, logger, newId: randomUUID },
  });
}

async function rabbitBroker(source: Of<'rabbitmq'>, context: DriverContext): Promise<Broker> {
  const { config, catalogue, store, logger } = context;
  const { name, prefix, rabbitmq } = source;
  const { RabbitBroker } = await import('./brokers/rabbitmq/rabbit-broker.ts');
  const { events, deadLetters, exchanges } = rabbitmq;
  const tls = new TlsFiles('rabbitmq', rabbitmq.tls, logger);
  const url = withCredentials(rabbitmq.url ?? '', rabbitmq);
  const published = [...new Set(Object.values(config.topics))];
  const routingKeys = routingKeysOf(catalogue);
  return new RabbitBroker({
    ...{ name, prefix, notes: store.notes, newId: randomUUID, clock, logger },
    address: { url, heartbeatSeconds: Math.round(rabbitmq.heartbeat / 1000), tls },
    exchanges: exchanges.length > 0 ? exchanges : published,
    declare: rabbitmq.declare,
    routingKeys: (types) => routingKeys.bound(rabbitmq.bindings === 'all' ? null : types),
    routingKeyOf: routingKeys.published,
    ...{ prefetch: rabbitmq.prefetch, prefetchBytes: rabbitmq.prefetchMemory },
    publish: { waitMs: rabbitmq.publishTimeout, queueBytes: RABBITMQ_PUBLISH_QUEUE },
    events: { maxAgeMs: events.maxAge, maxBytes: events.maxBytes },
    tables: { deadLetters: { maxBytes: deadLetters.maxBytes, keepMs: deadLetters.keepSettled } },
    attemptTimeoutMs: config.callbacks.timeout,
    random: Math.random,
  });
}
