/** The admin port's description of itself (OpenAPI 3.0). */
import type { OpenAPIV3 } from 'openapi-types';
import { json, refusalResponses, refused } from './openapi-answers.ts';
import { deadLetterPaths, orphanPaths, subscriptionPaths } from './openapi-paths.ts';
import { schemaRef, schemas } from './openapi-schemas.ts';

/** The version of this contract, raised when it changes. */
const CONTRACT_VERSION = '1.0.0';

export function adminDocument(): OpenAPIV3.Document {
  return {
    openapi: '3.0.3',
    info: {
      title: 'TMF Hub/Listener gateway, admin port',
      version: CONTRACT_VERSION,
      description:
        'For operators. From this machine everything is open; from elsewhere /admin wants the bearer token admin.token.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Watching', description: 'Health, readiness and metrics: open to everybody.' },
      {
        name: 'Subscriptions',
        description: 'Who is registered, how far behind, and what became of an event.',
      },
      { name: 'Dead letters', description: 'Events that were given up, and how to send them again.' },
      {
        name: 'Orphans',
        description: 'What brokers keep for subscriptions that the registry does not know.',
      },
    ],
    paths: { ...watcherPaths(), ...subscriptionPaths(), ...deadLetterPaths(), ...orphanPaths() },
    components: {
      schemas,
      responses: refusalResponses(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The value of `admin.token`.' },
      },
    },
  };
}

function watcherPaths(): OpenAPIV3.PathsObject {
  const open = (operationId: string, summary: string, responses: OpenAPIV3.ResponsesObject) => ({
    get: {
      ...{ operationId, summary, tags: ['Watching'], security: [] },
      responses: { ...responses, ...refused([405, 500]) },
    },
  });
  const metrics = { 'text/plain': { schema: { type: 'string' } } } as const;
  return {
    '/healthz': open('health', 'Is the process alive?', { 200: json('It is.', schemaRef('Liveness')) }),
    '/readyz': open('readiness', 'Would a POST /hub be accepted now?', {
      200: json('Yes.', schemaRef('Readiness')),
      503: json('No, with the reason per part.', schemaRef('Readiness')),
    }),
    '/metrics': open('metrics', 'Metrics in the text format of Prometheus', {
      200: { description: 'The metrics.', content: metrics },
    }),
    '/openapi.json': open('describeAdmin', 'This description', {
      200: json('OpenAPI 3.0.', { type: 'object' }),
    }),
  };
}
