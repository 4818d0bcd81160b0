/**
 * The composition root: what the parts are made of, and the order of start and stop. Of the brokers' drivers only
 * `drivers.ts` knows.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createAdminApp } from './admin/app.ts';
import { createMetrics, type Metrics } from './admin/metrics.ts';
import type { Operations } from './admin/operations.ts';
import type { Broker } from './brokers/broker.ts';
import { createHttpSender, type HttpSender } from './callbacks/http-sender.ts';
import type { Config } from './config/load.ts';
import { createBrokers, createRegistry } from './drivers.ts';
import { Deliveries } from './delivery/deliveries.ts';
import { createHubApp, type HubDependencies } from './hub/app.ts';
import { createRegistrations, type Registrations } from './hub/registration/registrations.ts';
import { Topics } from './hub/topics/topics.ts';
import { everything, recompile } from './hub/registration/registration-request.ts';
import { listen, type HttpServer } from './http-server.ts';
import { createLogger, type Logger } from './logger.ts';
import { declaredSubscriptions } from './operations/declared-subscriptions.ts';
import { createFeeds } from './operations/feeds.ts';
import { hubProfiles } from './operations/hub-profiles.ts';
import { keepState } from './operations/keep-state.ts';
import { createObserver } from './operations/observer.ts';
import { createOperations } from './operations/operations.ts';
import { Orphans } from './operations/orphans.ts';
import type { RegistryStore } from './registry/store.ts';
import { openEventChecks } from './schemas/event-checks.ts';
import { systemClock } from './time.ts';
import { createCatalogue, type Catalogue } from './tmf/catalogue.ts';
import { catalogueRows } from './tmf/catalogue.data.ts';
import { domainOf } from './tmf/domains.ts';
import type { EventChecks } from './tmf/event-check.ts';

export interface Gateway {
  readonly port: number;
  readonly adminPort: number;
  /** Takes nothing new, finishes what is in flight within `server.drainTimeout`, makes positions durable. */
  stop(): Promise<void>;
}

/** Nobody wants the gateway any more that is being started. */
export class StartAbandoned extends Error {
  override readonly name = 'StartAbandoned';
}

const clock = systemClock;

/** Events with one id: some, where producers use an id twice. */
const MOST_FOUND = 100;

/**
 * Starts a gateway; resolves when it takes requests on both ports. Rejects with a sentence for an operator when a part
 * cannot be had, after letting go of what was started. A broker that is away is waited for; when `stopped` resolves
 * meanwhile, it rejects with StartAbandoned.
 */
export async function startGateway(
  config: Config,
  given: { logger?: Logger; stopped?: Promise<unknown> } = {},
): Promise<Gateway> {
  const logger = given.logger ?? createLogger(config.log.level);
  const undo: (() => Promise<unknown>)[] = [];
  const abandoned = new Promise<never>((_, reject) => {
    void given.stopped?.then(() => reject(new StartAbandoned('stopped before it had started')));
  });
  try {
    return await Promise.race([assemble(config, logger, undo), abandoned]);
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw error;
  }
}

/** Members of a group that know different subscriptions must not share its partitions (RULES 1). */
function fingerprintOf(subscriptions: readonly { readonly id: string }[]): string {
  const ids = subscriptions.map(({ id }) => id).toSorted();
  return createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 16);
}

async function assemble(config: Config, logger: Logger, undo: (() => Promise<unknown>)[]): Promise<Gateway> {
  const catalogue = createCatalogue(catalogueRows, config.hub.apis);
  let subscriptionsKnown = (): string => '';
  const hub = await listen(config.server.port, config.server.host);
  undo.push(() => hub.close(clock, 0));
  const admin = await listen(config.admin.port, config.admin.host);
  undo.push(() => admin.close(clock, 0));
  let brokers: readonly Broker[] = [];
  const copies = () => brokers.flatMap(({ registryCopy }) => registryCopy ?? []);
  const store = await createRegistry(config, logger, copies);
  const registry = () => (store.isShared ? store.registryId : subscriptionsKnown());
  brokers = await createBrokers({ config, logger, catalogue, store, registry });
  const sender = createSender(config, [hub.port, admin.port]);
  const checks = openEventChecks(config, logger);
  const topics = new Topics({ store, clock, newId: randomUUID, logger });
  const { deliveries, registrations, operations, orphans, metrics } = join({
    ...{ config, logger, catalogue, store, brokers, sender, checks },
  });
  subscriptionsKnown = () => fingerprintOf(registrations.all());
  if (!store.isShared) await store.open();
  undo.push(() => store.close());
  // Health and readiness can be asked for while a broker or Redis is waited for.
  const { basePath } = config.server;
  admin.serve(createAdminApp({ operations, metrics, token: config.admin.token, basePath, logger }));
  undo.push(() => all(brokers, (broker) => broker.stop()));
  await all(brokers, (broker) => broker.open());
  // After the brokers: where Redis is empty or away, they have a copy (RULES 19).
  if (store.isShared) await store.open();
  // All subscriptions are known before the first partition is this process's (RULES 19).
  await Promise.all([registrations.start(), topics.start()]);
  undo.push(async () => registrations.stop());
  await declaredSubscriptions(config.subscriptions, catalogue, registrations, clock);
  await all(brokers, (broker) => broker.start(deliveries));
  await deliveries.letterReplays.start();
  orphans.start();
  undo.push(async () => orphans.stop());
  hub.serve(createHub(config, logger, { catalogue, brokers, registrations, topics, checks }));
  const running = { hub, admin, brokers, deliveries, registrations, orphans, sender, store };
  return {
    port: hub.port,
    adminPort: admin.port,
    stop: () => shutDown(running, config.server.drainTimeout),
  };
}

function all<T>(brokers: readonly Broker[], work: (broker: Broker) => Promise<T>): Promise<T[]> {
  return Promise.all(brokers.map(work));
}

interface Running {
  readonly hub: HttpServer;
  readonly admin: HttpServer;
  readonly brokers: readonly Broker[];
  readonly deliveries: Deliveries;
  readonly registrations: Registrations;
  readonly orphans: Orphans;
  readonly sender: HttpSender;
  readonly store: RegistryStore;
}

async function shutDown(
  { hub, admin, brokers, deliveries, registrations, orphans, sender, store }: Running,
  timeoutMs: number,
): Promise<void> {
  orphans.stop();
  for (const broker of brokers) broker.quiesce();
  await Promise.all([hub.close(clock, timeoutMs), deliveries.drain(timeoutMs)]);
  await sender.close();
  deliveries.closeAll();
  registrations.stop();
  await all(brokers, (broker) => broker.stop());
  await admin.close(clock, 0);
  await store.close();
}

interface Ingredients {
  readonly config: Config;
  readonly logger: Logger;
  readonly catalogue: Catalogue;
  readonly store: RegistryStore;
  readonly brokers: readonly Broker[];
  readonly sender: HttpSender;
  readonly checks: EventChecks | undefined;
}

/** Ties delivery, registrations and operations to each other. Nothing runs yet. */
function join({ config, logger, catalogue, store, brokers, sender, checks }: Ingredients) {
  const policy = config.hub;
  const profiles = hubProfiles(config.hub, catalogue);
  const metrics: Metrics = createMetrics({
    ...{ perSubscription: config.metrics.perSubscription, logger },
    snapshot: async () => ({
      now: clock.now(),
      subscriptions: operations.subscriptions(),
      // Only how many: to read one, a broker would be asked that may be away just then.
      openDeadLetters: (await operations.deadLetters.list({ state: 'open' }, { offset: 0, limit: 0 })).total,
      retentionHeadroomSeconds: leastOf(brokers.map((broker) => broker.retentionHeadroomSeconds())),
      parts: operations.readiness().parts,
    }),
  });
  const deliveries = new Deliveries({
    clock,
    random: Math.random,
    sender,
    settings: {
      retry: config.retry,
      circuit: config.circuit,
      limits: { ...config.limits, maxSockets: config.callbacks.maxSockets },
    },
    knowledge: catalogue,
    profiles,
    observer: createObserver(logger, metrics, clock),
    ...{ brokers, checks },
    stopped(id, state, reason) {
      logger.error({ subscriptionId: id, state, reason }, 'subscription.stopped');
      void keepState({ registrations, clock, logger }, id, state, reason);
    },
  });
  const feeds = createFeeds(deliveries, brokers, metrics);
  const registrations: Registrations = createRegistrations({
    store,
    feeds,
    sender,
    catalogue,
    policy,
    profiles,
    clock,
    newId: randomUUID,
    logger,
  });
  const orphans = orphansOf({ brokers, store, logger }, deliveries);
  const operations: Operations = createOperations({
    brokers,
    deliveries,
    knowledge: catalogue,
    profiles,
    subscriptions: () => registrations.all(),
    setState: (id, state, reason) => registrations.setState(id, state, reason),
    queryOf({ scope, query }) {
      const compiled = recompile(scope, query, { catalogue, sender, policy, profiles });
      return compiled.ok ? compiled.query : everything();
    },
    registryHealth: () => store.health(),
    orphans,
  });
  return { metrics, deliveries, registrations, operations, orphans };
}

function orphansOf(
  { brokers, store, logger }: Pick<Ingredients, 'brokers' | 'store' | 'logger'>,
  deliveries: Deliveries,
): Orphans {
  return new Orphans({
    isKnown: (id) => deliveries.of(id) !== undefined,
    isRegistered: async (id) => (await store.find(id)) !== undefined,
    ...{ brokers, clock, logger },
  });
}

function leastOf(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((one) => one !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** The gateway's own ports are never called (RULES 23). */
function createSender({ callbacks, server, admin }: Config, ownPorts: readonly number[]): HttpSender {
  const hosts = [server.host, admin.host].filter((host) => host !== '0.0.0.0' && host !== '::');
  return createHttpSender({
    clock,
    options: {
      allow: callbacks.allow,
      schemes: callbacks.schemes,
      timeoutMs: callbacks.timeout,
      connectTimeoutMs: callbacks.connectTimeout,
      maxAnswerBytes: callbacks.maxAnswer,
      maxSockets: callbacks.maxSockets,
      idleOrigins: callbacks.idleOrigins,
      ownAddresses: () => ({ hosts, ports: ownPorts }),
    },
  });
}

type HubIngredients = Pick<Ingredients, 'catalogue' | 'brokers' | 'checks'>;

function createHub(
  { server, hub, topics: names }: Config,
  logger: Logger,
  parts: Pick<HubDependencies, 'registrations' | 'topics'> & HubIngredients,
) {
  const { catalogue, registrations, topics, brokers, checks } = parts;
  const broker = brokers[0] as Broker;
  return createHubApp({
    ...{ registrations, topics, catalogue, clock, newId: randomUUID, logger },
    publisher: broker,
    check: checks?.(broker.name),
    findEvent: async (eventId) => (await all(brokers, (one) => one.find({ eventId }, MOST_FOUND))).flat(),
    topicOf: (api) => names[api === undefined ? 'other' : domainOf(api)],
    unknownEventTypes: hub.unknownEventTypes,
    registration: hub.registration,
    basePath: server.basePath,
    publicUrl: server.publicUrl,
    maxHubBody: server.maxHubBody,
    maxEventBody: server.maxEventBody,
  });
}
