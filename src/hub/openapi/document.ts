/** The gateway's description of itself (OpenAPI 3.0), made from the catalogue. */
import type { OpenAPIV3 } from 'openapi-types';
import type { Catalogue, HubPlace } from '../../tmf/catalogue.ts';
import { answers, componentRef, namesFor, refused } from './answers.ts';
import type { RefusalStatus } from './answers.ts';
import { components, LISTENERS_TAG } from './components.ts';
import type { Shape } from './schemas.ts';
import { belowTopic, topicPaths } from './topics.ts';
import { isV5 } from '../representation.ts';

type Paths = OpenAPIV3.PathsObject;

/** The version of this contract, raised when it changes. */
const CONTRACT_VERSION = '1.0.0';

interface Described {
  /** For operation ids: unique in a document. */
  readonly key: string;
  readonly tag: string;
  readonly shape: Shape;
}

const EVERYTHING: Described = { key: 'global', tag: 'All APIs', shape: 'v4' };

/** Everything below the public port. `root` stands before every path: '' or server.publicUrl and server.basePath. */
export function gatewayDocument(catalogue: Catalogue, root: string): OpenAPIV3.Document {
  const paths: Paths = {
    ...ownPath(),
    ...hubPaths('', EVERYTHING),
    ...publishPaths('', EVERYTHING, undefined),
  };
  for (const hub of catalogue.hubs) {
    const described = describe(hub);
    Object.assign(paths, hubPaths(hub.basePath, described), publishPaths(hub.basePath, described, hub));
    if (hub.hasTopics) Object.assign(paths, pathsOfTopics(hub.basePath, described));
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'TMF Hub/Listener gateway',
      version: CONTRACT_VERSION,
      description:
        'Durable webhooks for the events of every TMF Open API. Every API has its hub below its own base path, and ' +
        'answers in the shape of its version; `/hub` is one over all of them. Who may come here is decided before ' +
        'the gateway: it asks for no credentials.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: root === '' ? '/' : root }],
    security: [],
    tags: tagsOf(catalogue),
    paths,
    components: components(),
  };
}

/**
 * Just the two shapes of the hub, below /v4 and /v5: what requests and answers are checked against. Without examples:
 * the validator takes an `id` in one for the id of a schema.
 */
export function shapesDocument(): OpenAPIV3.Document {
  const document: OpenAPIV3.Document = {
    openapi: '3.0.3',
    info: { title: 'The hub in both shapes', version: CONTRACT_VERSION },
    paths: {
      ...hubPaths('/v4', { key: 'v4', tag: 'v4', shape: 'v4' }),
      ...hubPaths('/v5', { key: 'v5', tag: 'v5', shape: 'v5' }),
      ...pathsOfTopics('/v4', { key: 'v4', tag: 'v4', shape: 'v4' }),
    },
    components: components(),
  };
  return withoutExamples(document);
}

function withoutExamples<T>(part: T): T {
  const text = JSON.stringify(part, (name, value: unknown) => (name === 'example' ? undefined : value));
  return JSON.parse(text) as T;
}

function pathsOfTopics(base: string, described: Described): Paths {
  const key = `${described.key}_topic`;
  // There may be no such topic, or nobody who knows.
  const hubs = hubPaths(`${base}/topic/{topicId}`, { ...described, key }, [404, 503]);
  return { ...topicPaths(base, described), ...belowTopic(hubs) };
}

function describe(hub: HubPlace): Described {
  const key = hub.basePath.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_(?:tmf_api_)?/, '');
  return { key, tag: tagOf(hub), shape: isV5(hub.major) ? 'v5' : 'v4' };
}

function tagOf({ api, title }: HubPlace): string {
  return `${api} ${title}`;
}

function tagsOf(catalogue: Catalogue): OpenAPIV3.TagObject[] {
  const byTag = Map.groupBy(catalogue.hubs, tagOf);
  const described = [...byTag].map(([name, hubs]) => ({
    name,
    description: `Served at ${hubs.map(({ basePath }) => basePath).join(', ')}.`,
  }));
  return [
    { name: EVERYTHING.tag, description: 'One hub over all APIs, and this description.' },
    { name: LISTENERS_TAG, description: 'What the gateway sends to whoever registered.' },
    ...described,
  ];
}

function ownPath(): Paths {
  const described: OpenAPIV3.ResponseObject = {
    description: 'OpenAPI 3.0.',
    content: { 'application/json': { schema: { type: 'object' } } },
  };
  return {
    '/openapi.json': {
      get: {
        operationId: 'describeGateway',
        summary: 'This description, with the base paths and the prefix of this gateway',
        tags: [EVERYTHING.tag],
        responses: { 200: described, ...refused('v4', [405, 500]) },
      },
    },
  };
}

function hubPaths(base: string, { key, tag, shape }: Described, more: readonly RefusalStatus[] = []): Paths {
  const { input, hub } = namesFor(shape);
  const operation = (
    name: string,
    summary: string,
    [status, good]: readonly [number, string],
    refusals: readonly RefusalStatus[],
  ) => ({
    ...{ operationId: `${name}_${key}`, summary, tags: [tag] },
    responses: answers(shape, status, good, [...refusals, ...more]),
  });
  const one = [404, 405, 500, 503] as const;
  return {
    [`${base}/hub`]: {
      post: {
        ...operation('registerListener', 'Register a callback', [201, `${hub}Created`], REFUSED_HUB),
        description:
          'The callback is not called now. The same callback and query again give the existing subscription, unless ' +
          '`hub.duplicates` says otherwise.',
        requestBody: componentRef('requestBodies', input),
        callbacks: { delivery: componentRef('callbacks', 'delivery') },
      },
      get: {
        ...operation(
          'listListeners',
          'List the registrations of this hub',
          [200, `${hub}List`],
          [400, 405, 500],
        ),
        parameters: [componentRef('parameters', 'offset'), componentRef('parameters', 'limit')],
      },
    },
    [`${base}/hub/{id}`]: {
      parameters: [componentRef('parameters', 'id')],
      get: operation('retrieveListener', 'Show a registration', [200, `${hub}Found`], one),
      delete: operation('unregisterListener', 'Remove a registration', [204, `${hub}Removed`], [403, ...one]),
    },
  };
}

const REFUSED_HUB: readonly RefusalStatus[] = [400, 403, 405, 409, 413, 415, 500, 501, 503];
const REFUSED_EVENT: readonly RefusalStatus[] = [400, 405, 413, 415, 500, 503];

function publishPaths(base: string, { key, tag, shape }: Described, place: HubPlace | undefined): Paths {
  const stored = `${namesFor(shape).hub}EventStored`;
  const types = place?.eventTypes ?? [];
  const known = types.length === 0 ? {} : { description: `Event types: ${types.join(', ')}.` };
  // The API only where the path does not say it.
  const headers = place === undefined ? ['tmfApi', 'traceparent'] : ['traceparent'];
  const parameters = headers.map((name) => componentRef('parameters', name));
  return {
    [`${base}/event`]: {
      post: {
        operationId: `publishEvent_${key}`,
        summary: 'Publish an event',
        ...known,
        tags: [tag],
        parameters,
        requestBody: componentRef('requestBodies', 'Event'),
        responses: answers(shape, 201, stored, REFUSED_EVENT),
      },
    },
    [`${base}/listener/{eventName}`]: {
      parameters: [componentRef('parameters', 'eventName')],
      post: {
        operationId: `takeNotification_${key}`,
        summary: 'Publish an event as a publisher does that only knows callbacks',
        tags: [tag],
        parameters,
        requestBody: componentRef('requestBodies', 'ListenerEvent'),
        responses: answers(shape, 201, stored, [...REFUSED_EVENT, 404]),
      },
    },
  };
}
