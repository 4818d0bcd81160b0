/** The public port with what stands behind it in memory: the registry, the feeds, the broker's intake. */
import type { Express } from 'express';
import { PublishRefused } from '../../src/brokers/broker.ts';
import type { Coordinates, NewRecord, SourceRecord } from '../../src/brokers/broker.ts';
import { createHubApp } from '../../src/hub/app.ts';
import type { HubDependencies } from '../../src/hub/app.ts';
import { gatewayDocument } from '../../src/hub/openapi/document.ts';
import type { Feeds } from '../../src/hub/registration/feeds.ts';
import type { RegistrationPolicy } from '../../src/hub/registration/registration-request.ts';
import { createRegistrations } from '../../src/hub/registration/registrations.ts';
import type { Registrations } from '../../src/hub/registration/registrations.ts';
import { Topics } from '../../src/hub/topics/topics.ts';
import type { Logger } from '../../src/logger.ts';
import type { Subscription } from '../../src/registry/store.ts';
import type { Clock } from '../../src/time.ts';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { defaultTopics, domainOf } from '../../src/tmf/domains.ts';
import { createProfiles, type Profiles } from '../../src/tmf/profiles.ts';
import type { Query } from '../../src/tmf/query/query.ts';
import { createFakeClock } from '../callbacks/fake-clock.ts';
import { answerLaw, answersChecked } from '../support/answers.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';

export const ORDERS_V4 = '/tmf-api/productOrderingManagement/v4';
export const ORDERS_V5 = '/tmf-api/productOrderingManagement/v5';
export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

export const catalogue = createCatalogue(catalogueRows);

const law = answerLaw(gatewayDocument(catalogue, ''));
/** Answers that are not as described. */
const wrong: string[] = [];
afterEach(() => expect(wrong.splice(0)).toEqual([]));

export class MemoryFeeds implements Feeds {
  readonly calls: string[] = [];
  readonly attached = new Map<string, Subscription>();
  /** As last attached, by the subscription. */
  readonly queries = new Map<string, Query>();
  readonly failing = new Set<'attach' | 'detach' | 'leave'>();
  onAttach: () => Promise<void> = async () => undefined;

  async attach(subscription: Subscription, query: Query, as: 'new' | 'known'): Promise<void> {
    this.queries.set(subscription.id, query);
    this.calls.push(`attach ${as} ${subscription.state}`);
    await this.onAttach();
    // What is worst: the broker knows it, and nobody is told.
    this.attached.set(subscription.id, subscription);
    if (this.failing.has('attach')) throw new Error('attach fails');
  }

  async detach(id: string): Promise<void> {
    this.calls.push('detach');
    if (this.failing.has('detach')) throw new Error('detach fails');
    this.attached.delete(id);
  }

  async leave(id: string): Promise<void> {
    this.calls.push('leave');
    if (this.failing.has('leave')) throw new Error('leave fails');
    this.attached.delete(id);
  }

  changed(subscription: Subscription): void {
    this.calls.push(`changed ${subscription.state}`);
    this.attached.set(subscription.id, subscription);
  }
}

export class MemoryPublisher {
  readonly records: NewRecord[] = [];
  refusing = false;

  async publish(record: NewRecord): Promise<Coordinates> {
    if (this.refusing) throw new PublishRefused('disk full');
    this.records.push(record);
    return { broker: 'memory', topic: record.topic, partition: 0, offset: this.records.length - 1 };
  }

  async findEvent(eventId: string): Promise<SourceRecord[]> {
    if (this.refusing) throw new Error('the broker is away');
    const found = this.records.filter(({ headers }) => headers['eventId'] === eventId);
    return found.map((record) => ({
      ...record,
      ...{ source: { broker: 'memory', topic: record.topic }, timestamp: NOW },
    }));
  }

  last(): NewRecord & { text: string } {
    const record = this.records.at(-1);
    if (record === undefined) throw new Error('nothing was published');
    return { ...record, text: Buffer.from(record.value).toString('utf8') };
  }
}

export interface Parts {
  readonly app: Express;
  readonly registry: MemoryRegistry;
  readonly feeds: MemoryFeeds;
  readonly publisher: MemoryPublisher;
  readonly registrations: Registrations;
  /** Names of the log lines so far. */
  readonly logged: string[];
  /** Moves the clock, and fires what is due on the way. */
  readonly pass: (ms: number) => void;
}

type Options = Partial<RegistrationPolicy> &
  Partial<Pick<HubDependencies, 'basePath' | 'publicUrl' | 'check' | 'registration'>> & {
    registry?: MemoryRegistry;
    feeds?: MemoryFeeds;
    refusal?: (url: string) => string | undefined;
    profiles?: Profiles;
  };

let ids = 0;

/** Starts the parts; the same registry again is a restart. */
export async function startParts(options: Options = {}): Promise<Parts> {
  const registry = options.registry ?? new MemoryRegistry();
  const feeds = options.feeds ?? new MemoryFeeds();
  const publisher = new MemoryPublisher();
  const logged: string[] = [];
  const time = createFakeClock();
  const clock: Clock = {
    now: () => NOW + time.now(),
    monotonic: () => time.monotonic(),
    after: (ms, fire) => time.after(ms, fire),
  };
  const logger = loggerInto(logged);
  const newId = () => `id-${(ids += 1)}`;
  const policy: RegistrationPolicy = {
    duplicates: options.duplicates ?? 'idempotent',
    lenientQuery: options.lenientQuery ?? false,
    unknownEventTypes: options.unknownEventTypes ?? 'reject',
  };
  const sender = { refusal: options.refusal ?? (() => undefined) };
  const registrations = createRegistrations({
    ...{ store: registry, feeds, sender, catalogue, policy, clock, newId, logger },
    profiles: options.profiles ?? createProfiles(),
  });
  const topics = new Topics({ store: registry, clock, newId, logger });
  await registrations.start();
  await topics.start();
  const app = createHubApp({
    ...{ registrations, topics, catalogue, publisher, clock, newId, logger },
    findEvent: (eventId) => publisher.findEvent(eventId),
    unknownEventTypes: policy.unknownEventTypes,
    check: options.check,
    topicOf: (api) => defaultTopics[api === undefined ? 'other' : domainOf(api)],
    registration: options.registration ?? 'open',
    basePath: options.basePath ?? '',
    publicUrl: options.publicUrl,
    maxHubBody: 64 * 1024,
    maxEventBody: 4 * 1024 * 1024,
  });
  const checked = answersChecked(app, law, wrong, options.basePath);
  return { app: checked, registry, feeds, publisher, registrations, logged, pass: (ms) => time.advance(ms) };
}

function loggerInto(logged: string[]): Logger {
  const log = (fields: object, message: string) => {
    logged.push(message);
    if (message === 'hub.answer.invalid') wrong.push(JSON.stringify(fields));
  };
  return { debug: log, info: log, warn: log, error: log, isLevelEnabled: () => true };
}

/** The ids of what the registry holds, with their states. */
export function rows(parts: Pick<Parts, 'registry'>): string[] {
  return parts.registry.rows().map(({ id, state }) => `${id} ${state}`);
}
