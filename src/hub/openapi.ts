/** The gateway's description of itself (OpenAPI 3.0), made from the catalogue. */
import type { OpenAPIV3 } from 'openapi-types';
import type { Catalogue, HubPlace } from '../tmf/catalogue.ts';
import { components, componentRef, deliveryCallback, namesFor } from './openapi-components.ts';
import { isV5 } from './representation.ts';

type Paths = OpenAPIV3.PathsObject;

/** The version of this contract, raised when it changes. */
const CONTRACT_VERSION = '1.0.0';

interface Described {
  /** For operation ids: unique in a document. */
  readonly key: string;
  readonly tag: string;
  readonly shape: 'v4' | 'v5';
}

/** Everything below the public port. `root` stands before every path: '' or server.publicUrl and server.basePath. */
export function gatewayDocument(catalogue: Catalogue, root: string): OpenAPIV3.Document {
  const paths: Paths = {
    ...hubPaths('', { key: 'global', tag: 'All APIs', shape: 'v4' }),
    ...publishPaths('', { key: 'global', tag: 'All APIs', shape: 'v4' }, undefined),
  };
  for (const hub of catalogue.hubs) {
    const described = describe(hub);
    Object.assign(paths, hubPaths(hub.basePath, described), publishPaths(hub.basePath, described, hub));
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'TMF Hub/Listener gateway',
      version: CONTRACT_VERSION,
      description: 'Durable webhooks for the events of every TMF Open API.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: root === '' ? '/' : root }],
    paths,
    components: { ...components(), callbacks: { delivery: deliveryCallback() } },
  };
}

/** Just the two shapes of the hub, below /v4 and /v5: what requests and answers are checked against. */
export function shapesDocument(): OpenAPIV3.Document {
  return {
    openapi: '3.0.3',
    info: { title: 'The hub in both shapes', version: CONTRACT_VERSION },
    paths: {
      ...hubPaths('/v4', { key: 'v4', tag: 'v4', shape: 'v4' }),
      ...hubPaths('/v5', { key: 'v5', tag: 'v5', shape: 'v5' }),
    },
    components: { ...components(), callbacks: { delivery: deliveryCallback() } },
  };
}

function describe({ api, title, basePath, major }: HubPlace): Described {
  const key = basePath.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_(?:tmf_api_)?/, '');
  return { key, tag: `${api} ${title}`, shape: isV5(major) ? 'v5' : 'v4' };
}

function hubPaths(base: string, { key, tag, shape }: Described): Paths {
  const { input, hub, error } = namesFor(shape);
  const operation = (
    name: string,
    summary: string,
    answers: Record<string, string>,
  ): Pick<OpenAPIV3.OperationObject, 'operationId' | 'summary' | 'tags' | 'responses'> => ({
    operationId: `${name}_${key}`,
    summary,
    tags: [tag],
    responses: answersOf({ ...answers, default: `${error}Answer` }),
  });
  return {
    [`${base}/hub`]: {
      post: {
        ...operation('registerListener', 'Register a callback', { 201: `${hub}Created` }),
        requestBody: componentRef('requestBodies', input),
        callbacks: { delivery: componentRef('callbacks', 'delivery') },
      },
      get: {
        ...operation('listListeners', 'List the registrations of this hub', { 200: `${hub}List` }),
        parameters: [componentRef('parameters', 'offset'), componentRef('parameters', 'limit')],
      },
    },
    [`${base}/hub/{id}`]: {
      parameters: [componentRef('parameters', 'id')],
      get: operation('retrieveListener', 'Show a registration', { 200: `${hub}Found` }),
      delete: operation('unregisterListener', 'Remove a registration', { 204: `${hub}Removed` }),
    },
  };
}

function publishPaths(base: string, { key, tag, shape }: Described, place: HubPlace | undefined): Paths {
  const { hub, error } = namesFor(shape);
  const responses = answersOf({ 201: `${hub}EventStored`, default: `${error}Answer` });
  const types = place?.eventTypes ?? [];
  const known = types.length === 0 ? {} : { description: `Event types: ${types.join(', ')}.` };
  return {
    [`${base}/event`]: {
      post: {
        operationId: `publishEvent_${key}`,
        summary: 'Publish an event',
        ...known,
        tags: [tag],
        ...(place === undefined && { parameters: [componentRef('parameters', 'tmfApi')] }),
        requestBody: componentRef('requestBodies', 'Event'),
        responses,
      },
    },
    [`${base}/listener/{eventName}`]: {
      parameters: [componentRef('parameters', 'eventName')],
      post: {
        operationId: `takeNotification_${key}`,
        summary: 'Publish an event as a publisher does that only knows callbacks',
        tags: [tag],
        requestBody: componentRef('requestBodies', 'ListenerEvent'),
        responses,
      },
    },
  };
}

function answersOf(names: Record<string, string>): OpenAPIV3.ResponsesObject {
  return Object.fromEntries(
    Object.entries(names).map(([status, name]) => [status, componentRef('responses', name)]),
  );
}
