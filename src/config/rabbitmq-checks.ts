/** What must hold between settings of a source in RabbitMQ. */
import { isGiven } from './credentials.ts';
import { certificateAndKey, compared, holds, idle, notOwn } from './source-checks.ts';
import type { SourceCheck, SourceView } from './source-view.ts';
import { topics } from './serving.ts';
import { tlsMembers } from './tls.ts';

/** An attempt begins only while it surely ends before the silence of this gateway is taken for its end (RULES 9). */
const BESIDE_AN_ATTEMPT_MS = 5_000;

/** A URL that is none is another mistake. */
function hasTls(source: SourceView): boolean {
  const url = source.value('rabbitmq.url');
  return typeof url !== 'string' || url.toLowerCase().startsWith('amqps:');
}

function has(source: SourceView, part: 'username' | 'password'): boolean {
  return isGiven(part, source.value(`rabbitmq.${part}`), source.value('rabbitmq.url'));
}

export const rabbitmqChecks: readonly SourceCheck[] = [
  holds(
    'rabbitmq',
    'rabbitmq.url',
    { expected: 'a URL such as amqp://host, as broker is rabbitmq' },
    (source) => source.value('rabbitmq.url') !== undefined,
  ),
  notOwn('rabbitmq', 'rabbitmq.exchanges', 'exchanges that do not begin with'),
  ...Object.keys(topics.shape).map((domain) =>
    notOwn('rabbitmq', `topics.${domain}`, 'an exchange that does not begin with'),
  ),
  compared(
    'rabbitmq',
    'rabbitmq.heartbeat',
    'callbacks.timeout',
    'at least 5s above',
    (heartbeat, attempt) => heartbeat >= attempt + BESIDE_AN_ATTEMPT_MS,
  ),
  // The event, beside it what a dead letter knows of its attempts (RULES 13).
  compared(
    'rabbitmq',
    'rabbitmq.deadLetters.maxBytes',
    'server.maxEventBody',
    'at least 2 times',
    (letter, event) => letter >= 2 * event,
  ),
  holds(
    'rabbitmq',
    'rabbitmq.username',
    { expected: 'to stand beside rabbitmq.password' },
    (source) => !has(source, 'username') || has(source, 'password'),
  ),
  holds(
    'rabbitmq',
    'rabbitmq.password',
    { expected: 'to stand beside rabbitmq.username' },
    (source) => !has(source, 'password') || has(source, 'username'),
  ),
  ...tlsMembers.map((member) =>
    idle('rabbitmq', `rabbitmq.tls.${member}`, 'a rabbitmq.url that begins with amqps', hasTls),
  ),
  ...certificateAndKey('rabbitmq'),
];
