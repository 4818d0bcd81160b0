/** Settings of Apache Kafka: where the cluster is, what is read from it, what is made in it. */
import { isHostAndPort } from './addresses.ts';
import { choice, duration, either, explained, flag, list, size, text, wholeNumber } from './kinds.ts';
import { optional, section, setting } from './setting.ts';
import { READ_AGAIN, tlsFiles } from './tls.ts';
import { readSource } from './topic-names.ts';

const tls = section(`TLS towards the brokers; ${READ_AGAIN}`, {
  enabled: setting(flag(), 'Whether connections to the brokers use TLS.', false),
  ...tlsFiles('kafka'),
});

const sasl = section('Who this gateway is to the brokers', {
  mechanism: setting(
    choice('none', 'plain', 'scram-sha-256', 'scram-sha-512'),
    'How it proves who it is; plain shows the password to the network unless kafka.tls.enabled.',
    'none',
  ),
  username: optional(text('a text', isFilled), 'Name of the user.', { example: 'tmf-hub' }),
  password: optional(
    text('a text (in quotes when it is all digits)', isFilled),
    'Password of the user; better in the environment than in a file.',
    { example: 'a-long-random-text', secret: true },
  ),
});

const deadLetters = section('Dead letters, kept in the topic {name}.dead-letters', {
  maxBytes: setting(
    size('1GiB', '64KiB'),
    'Largest message of that topic, at least 3 times server.maxEventBody; of a dead letter beyond it as much as fits is kept (reason too-large).',
    '12MiB',
  ),
  keepSettled: setting(
    duration('3650d'),
    'How long a dead letter can still be seen after it was replayed or discarded.',
    '24h',
  ),
});

export const kafka = section('Apache Kafka, 3.6 or newer', {
  brokers: setting(
    list(text('host:port', isHostAndPort)),
    'Servers to ask for the cluster, as host:port; broker: kafka needs at least one.',
    [],
  ),
  clientId: optional(
    text('a text of letters, digits, ".", "_" and "-"', (value) => /^[\w.-]{1,249}$/.test(value)),
    'Name of the connections in logs, metrics and quotas of the brokers; without it name.',
    { example: 'tmf-hub-ordering' },
  ),
  topics: setting(
    list(explained('a topic name or a regular expression', readSource)),
    'Topics that events are read from: names, and regular expressions for whole names such as bss[.].+[.]events (in the environment without commas). Empty: those of topics. Topics of the gateway itself, which begin with name and a dot, are never sources, whatever stands here; domain topics that match nothing here are published to, but not read.',
    [],
  ),
  createTopics: setting(
    flag(),
    "Make the topics that are missing: those of topics and the gateway's own; false: an operator makes them.",
    true,
  ),
  partitions: setting(
    wholeNumber(1, 10_000),
    'Partitions of each topic of events that it makes; events with one ordering key share one.',
    6,
  ),
  replicationFactor: setting(
    either(choice('broker'), wholeNumber(1, 100)),
    'Copies of each topic that it makes; broker: as many as the default.replication.factor of the brokers says.',
    'broker',
  ),
  sessionTimeout: setting(
    duration('5m', '6s'),
    'A gateway that is silent for so long loses its partitions to another: after a kill -9 their events wait about this long, while a clean stop hands over at once. An attempt starts only while it surely ends before that, so it is at least 2s above callbacks.timeout: a shorter one, such as 10s, needs a shorter callbacks.timeout, such as 5s.',
    '30s',
  ),
  commitsPerSecond: setting(
    wholeNumber(10, 20_000),
    'Positions committed per second, over all subscriptions: while few change each is committed every 200ms, with 1000 busy ones every 2s at 500. What was delivered since may come twice after a crash.',
    500,
  ),
  publishTimeout: setting(
    duration('5m'),
    'How long publishing waits for the brokers to confirm an event; then it is answered with 503.',
    '10s',
  ),
  publishQueue: setting(
    size('64GiB', '64KiB'),
    'Bytes of events that may wait to be written, at least server.maxEventBody; beyond it publishing is answered with 503.',
    '64MiB',
  ),
  deadLetters,
  tls,
  sasl,
});

function isFilled(value: string): boolean {
  return value !== '';
}
