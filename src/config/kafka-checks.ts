/** What must hold between settings of a source in Kafka. */
import { certificateAndKey, compared, holds, idle, notOwn } from './source-checks.ts';
import type { SourceCheck, SourceView } from './source-view.ts';
import { topics } from './serving.ts';

/**
 * An attempt starts only while its timeout and 1 s fit into what is left of the session (RULES 9), of which up to 1 s
 * has passed before the next heartbeat: with less, attempts would start just after a heartbeat only, or never.
 */
const BESIDE_AN_ATTEMPT_MS = 2_000;

const hasTls = (source: SourceView) => source.value('kafka.tls.enabled') !== false;
const hasMechanism = (source: SourceView) => source.value('kafka.sasl.mechanism') !== 'none';

function credential(key: string, what: string): SourceCheck {
  const expected = `${what}, as kafka.sasl.mechanism is not none`;
  return holds(
    'kafka',
    key,
    { expected },
    (source) => !hasMechanism(source) || source.value(key) !== undefined,
  );
}

export const kafkaChecks: readonly SourceCheck[] = [
  holds('kafka', 'kafka.brokers', { expected: 'at least one host:port, as broker is kafka' }, (source) => {
    const brokers = source.value('kafka.brokers');
    return !Array.isArray(brokers) || brokers.length > 0;
  }),
  notOwn('kafka', 'kafka.topics', 'topics that do not begin with'),
  ...Object.keys(topics.shape).map((domain) =>
    notOwn('kafka', `topics.${domain}`, 'a topic that does not begin with'),
  ),
  compared(
    'kafka',
    'kafka.sessionTimeout',
    'callbacks.timeout',
    'at least 2s above',
    (session, attempt) => session >= attempt + BESIDE_AN_ATTEMPT_MS,
  ),
  compared(
    'kafka',
    'kafka.publishQueue',
    'server.maxEventBody',
    'no less than',
    (queue, event) => queue >= event,
  ),
  // The event, its corrected body in base64, its attempts (RULES 13).
  compared(
    'kafka',
    'kafka.deadLetters.maxBytes',
    'server.maxEventBody',
    'at least 3 times',
    (letter, event) => letter >= 3 * event,
  ),
  ...['ca', 'cert', 'key', 'serverName'].map((member) =>
    idle('kafka', `kafka.tls.${member}`, 'kafka.tls.enabled: true', hasTls),
  ),
  ...certificateAndKey('kafka'),
  credential('kafka.sasl.username', 'the name of a user'),
  credential('kafka.sasl.password', 'a password'),
  ...['username', 'password'].map((member) =>
    idle('kafka', `kafka.sasl.${member}`, 'a kafka.sasl.mechanism other than none', hasMechanism),
  ),
];
