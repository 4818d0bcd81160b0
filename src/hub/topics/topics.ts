/** What clients may do with topics (TMF688): make, look, remove. A topic never changes. */
import type { Logger } from '../../logger.ts';
import type { HubScope, RegistryStore, Topic } from '../../registry/store.ts';
import type { Clock } from '../../time.ts';
import { memberOf } from '../../tmf/document.ts';
import type { JsonObject } from '../../tmf/document.ts';
import { noSuchTopic, refuse, unavailable } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { compileFilters } from './filters.ts';
import { TopicRoster } from './roster.ts';

export interface TopicDependencies {
  readonly store: RegistryStore;
  readonly clock: Clock;
  /** A new unique id at each call: letters, digits, `-` and `_`, at most 128. */
  readonly newId: () => string;
  readonly logger: Logger;
}

export interface TopicFound {
  readonly ok: true;
  readonly topic: Topic;
}

/** Written back as they were sent; whatever else is sent is ignored. */
const MEMBERS = ['name', 'headerQuery', 'contentQuery', '@type', '@baseType', '@schemaLocation'];

// Where the answer was lost the topic is there, and nobody knows its id.
const NOT_KEPT =
  'the registry is away; look at the list of topics once it is back, and send the same request again if the topic is not there';
const NOT_FOUND_OUT = 'the registry is away, whether there is such a topic is not known here';
const NOT_REMOVED = 'the registry is away, the topic may be there still; send the same DELETE again';

/** To be made before the registry is opened: it begins to follow it. */
export class Topics {
  readonly #dependencies: TopicDependencies;
  readonly #roster: TopicRoster;

  constructor(dependencies: TopicDependencies) {
    this.#dependencies = dependencies;
    this.#roster = new TopicRoster(dependencies.store);
  }

  /** Once the registry is open. */
  start(): Promise<void> {
    return this.#roster.start();
  }

  /** `body` has the shape that the API description asks for. */
  async create(basePath: string, body: JsonObject): Promise<TopicFound | Refusal> {
    const { store, clock, newId, logger } = this.#dependencies;
    const members = membersOf(body);
    const compiled = compileFilters(filtersOf(members));
    if (!compiled.ok) return compiled;
    const createdAt = new Date(clock.now()).toISOString();
    const topic: Topic = { kind: 'topic', id: newId(), basePath, members, createdAt, version: 1 };
    try {
      await store.topics.insert(topic);
    } catch (error) {
      logger.error({ err: error, topicId: topic.id }, 'topic.create.failed');
      return unavailable(NOT_KEPT);
    }
    logger.info({ topicId: topic.id, basePath, ...members }, 'topic.created');
    return { ok: true, topic };
  }

  /** Also one that another replica made and that is not known here yet. */
  async find(basePath: string, id: string): Promise<TopicFound | Refusal> {
    try {
      const topic = await this.#roster.find(id);
      return topic?.basePath === basePath ? { ok: true, topic } : noSuchTopic(id);
    } catch (error) {
      this.#dependencies.logger.warn({ err: error, topicId: id }, 'topic.find.failed');
      return unavailable(NOT_FOUND_OUT);
    }
  }

  /** Those of one API that are known here, in the order of creation; with `name` only those that have it. */
  list(basePath: string, name: string | undefined): Topic[] {
    return this.#roster
      .all()
      .filter(
        (topic) => topic.basePath === basePath && (name === undefined || topic.members['name'] === name),
      );
  }

  /** Refused while there are hubs of it: a subscription is never removed but by its own DELETE. */
  async remove(basePath: string, id: string): Promise<TopicFound | Refusal> {
    const found = await this.find(basePath, id);
    if (!found.ok) return found.status === 503 ? unavailable(NOT_REMOVED) : found;
    const { store, logger } = this.#dependencies;
    try {
      const outcome = await store.topics.remove(id);
      if (outcome === 'unknown') return noSuchTopic(id);
      if (outcome !== 'removed') return inUse(id, outcome);
    } catch (error) {
      logger.error({ err: error, topicId: id }, 'topic.remove.failed');
      return unavailable(NOT_REMOVED);
    }
    logger.info({ topicId: id }, 'topic.removed');
    return found;
  }
}

function membersOf(body: JsonObject): Record<string, string> {
  return Object.fromEntries(
    MEMBERS.flatMap((name) => {
      const value = memberOf(body, name);
      return typeof value === 'string' ? [[name, value] as const] : [];
    }),
  );
}

function filtersOf({ headerQuery = '', contentQuery = '' }: Readonly<Record<string, string>>) {
  return { headerQuery, contentQuery };
}

/** The hub of a topic, where `topic` is known with its filters; else only its place. */
export function topicScope(basePath: string, id: string, major: number, topic?: Topic): HubScope {
  const scope = { basePath: `${basePath}/topic/${encodeURIComponent(id)}`, api: null, major };
  return topic === undefined ? scope : { ...scope, topic: { id, ...filtersOf(topic.members) } };
}

function inUse(id: string, hubs: number): Refusal {
  const are = hubs === 1 ? 'is 1 hub' : `are ${hubs} hubs`;
  return refuse(409, 'Topic in use', `there ${are} of the topic ${id}; delete them first, each at its href`, {
    code: 'topicInUse',
  });
}
