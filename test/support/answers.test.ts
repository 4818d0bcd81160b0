import type { OpenAPIV3 } from 'openapi-types';
import { answerLaw } from './answers.ts';
import type { Answer } from './answers.ts';

const document: OpenAPIV3.Document = {
  openapi: '3.0.3',
  info: { title: 'Things', version: '1' },
  paths: {
    '/things/{id}': {
      get: { responses: { 200: { $ref: '#/components/responses/Found' } } },
      delete: { responses: { 204: { description: 'Gone.' } } },
    },
  },
  components: {
    responses: {
      Found: {
        description: 'It.',
        headers: { Age: { required: true, schema: { type: 'integer' } } },
        content: { 'application/json; charset=utf-8': { schema: { $ref: '#/components/schemas/Thing' } } },
      },
    },
    schemas: {
      Thing: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, size: { type: 'integer' } },
      },
    },
  },
};

const law = answerLaw(document);
const headers: Record<string, string> = { Age: '1', 'content-type': 'application/json;charset=utf-8' };
const good: Answer = {
  ...{ method: 'GET', path: '/things/1', status: 200, body: '{"id":"1"}' },
  header: (name) => headers[name],
};

test.each<[string, Partial<Answer>]>([
  ['what is described', {}],
  ['no body where none is described', { method: 'DELETE', status: 204, body: '' }],
  ['405 with the methods', { method: 'PUT', status: 405, header: () => 'DELETE, GET' }],
  ['404 of a path that is none', { path: '/other', status: 404 }],
  ['401 of whatever path', { path: '/other', method: 'PUT', status: 401 }],
])('fine: %s', (_name, more) => {
  expect(law({ ...good, ...more })).toBeUndefined();
});

test.each<[string, Partial<Answer>, RegExp]>([
  ['a path', { path: '/other' }, /no such path/],
  ['a method', { method: 'PUT' }, /405 with Allow: GET, DELETE/],
  ['a status', { status: 418 }, /status/],
  ['a member', { body: '{"id":"1","color":"red"}' }, /additional.*color/],
  ['a body', { method: 'DELETE', status: 204 }, /no body/],
  ['a media type', { header: (name) => (name === 'Age' ? '1' : 'text/html') }, /text\/html/],
])('%s that is not described is found', (_name, more, problem) => {
  expect(law({ ...good, ...more })).toMatch(problem);
});

test.each<[string, Partial<Answer>, RegExp]>([
  ['a header', { header: (name) => (name === 'Age' ? undefined : headers[name]) }, /header Age/],
  ['a member', { body: '{}' }, /required.*id/],
  ['a method in Allow', { method: 'PUT', status: 405, header: () => 'GET' }, /Allow/],
  ['a type', { body: '{"id":1}' }, /must be string/],
])('%s that is missing or wrong is found', (_name, more, problem) => {
  expect(law({ ...good, ...more })).toMatch(problem);
});
