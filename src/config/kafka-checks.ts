/** What must hold between settings where events are kept in Kafka; with another broker none of it matters. */
import { check, type Check, type CheckParams, isMapping } from './checks.ts';
import { belongTogether } from './pem.ts';
import { topics } from './serving.ts';
import { isOwn } from './topic-names.ts';

/** The value of a dotted key; undefined when it is not set. */
type Values = (key: string) => unknown;

/**
 * An attempt starts only while its timeout and 1 s fit into what is left of the session (RULES 9), of which up to 1 s
 * has passed before the next heartbeat: with less, attempts would start just after a heartbeat only, or never.
 */
const BESIDE_AN_ATTEMPT_MS = 2_000;

function onKafka(key: string, params: CheckParams, test: (values: Values) => boolean): Check {
  return check(key.split('.'), params, (config) => {
    const values: Values = (wanted) =>
      wanted.split('.').reduce<unknown>((at, step) => (isMapping(at) ? at[step] : undefined), config);
    return values('broker') !== 'kafka' || test(values);
  });
}

/** `test` is asked only when both settings have numbers. */
function compared(
  key: string,
  comparedWith: string,
  expected: string,
  test: (value: number, other: number) => boolean,
): Check {
  return onKafka(key, { expected, comparedWith }, (values) => {
    const [value, other] = [values(key), values(comparedWith)];
    return typeof value !== 'number' || typeof other !== 'number' || test(value, other);
  });
}

/** A setting that has no effect unless `useful`: whoever wrote it believes that it has. */
function idle(key: string, beside: string, useful: (values: Values) => boolean): Check {
  const params = { expected: `to stand beside ${beside}` };
  return onKafka(key, params, (values) => values(key) === undefined || useful(values));
}

const isSet = (key: string) => (values: Values) => values(key) !== undefined;
const hasTls = (values: Values) => values('kafka.tls.enabled') !== false;
const hasMechanism = (values: Values) => values('kafka.sasl.mechanism') !== 'none';

function credential(key: string, what: string): Check {
  const expected = `${what}, as kafka.sasl.mechanism is not none`;
  return onKafka(key, { expected }, (values) => !hasMechanism(values) || values(key) !== undefined);
}

/** Events in a topic that counts as the gateway's own would never be read. */
function notOwn(key: string, expected: string): Check {
  return onKafka(key, { expected, comparedWith: 'name' }, (values) => {
    const name = values('name');
    const found = [values(key)].flat();
    return (
      typeof name !== 'string' || !found.some((topic) => typeof topic === 'string' && isOwn(topic, name))
    );
  });
}

export const kafkaChecks: readonly Check[] = [
  onKafka('kafka.brokers', { expected: 'at least one host:port, as broker is kafka' }, (values) => {
    const brokers = values('kafka.brokers');
    return !Array.isArray(brokers) || brokers.length > 0;
  }),
  notOwn('kafka.topics', 'topics that do not begin with'),
  ...Object.keys(topics.shape).map((domain) =>
    notOwn(`topics.${domain}`, 'a topic that does not begin with'),
  ),
  compared(
    'kafka.sessionTimeout',
    'callbacks.timeout',
    'at least 2s above',
    (session, attempt) => session >= attempt + BESIDE_AN_ATTEMPT_MS,
  ),
  compared('kafka.publishQueue', 'server.maxEventBody', 'no less than', (queue, event) => queue >= event),
  // The event, its corrected body in base64, its attempts (RULES 13).
  compared(
    'kafka.deadLetters.maxBytes',
    'server.maxEventBody',
    'at least 3 times',
    (letter, event) => letter >= 3 * event,
  ),
  ...['ca', 'cert', 'key', 'serverName'].map((member) =>
    idle(`kafka.tls.${member}`, 'kafka.tls.enabled: true', hasTls),
  ),
  idle('kafka.tls.cert', 'kafka.tls.key', isSet('kafka.tls.key')),
  idle('kafka.tls.key', 'kafka.tls.cert', isSet('kafka.tls.cert')),
  onKafka('kafka.tls.key', { expected: 'the key of kafka.tls.cert' }, (values) =>
    belongTogether(values('kafka.tls.cert'), values('kafka.tls.key')),
  ),
  credential('kafka.sasl.username', 'the name of a user'),
  credential('kafka.sasl.password', 'a password'),
  ...['username', 'password'].map((member) =>
    idle(`kafka.sasl.${member}`, 'a kafka.sasl.mechanism other than none', hasMechanism),
  ),
];
