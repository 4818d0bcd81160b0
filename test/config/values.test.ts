import { parseAllowed } from '../../src/config/addresses.ts';
import { loadConfig } from '../../src/config/load.ts';
import { nearest } from '../../src/config/nearest.ts';
import { parseDuration, parseSize } from '../../src/units.ts';

const accepts = (variable: string, value: string) =>
  loadConfig({ env: { [`TMF_HUB_${variable}`]: value } }).ok;

test.each([
  ['250ms', 250],
  ['10s', 10_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['5d', 432_000_000],
])('duration %s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

test.each([
  ['512B', 512],
  ['64KiB', 65_536],
  ['4MiB', 4_194_304],
  ['10GiB', 10_737_418_240],
  ['1TiB', 1_099_511_627_776],
])('size %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each(['', '10', 's', '1.5s', '-1s', '1 s', '1S', '1w', '1e3s', '999999999999999d'])(
  'no duration: "%s"',
  (text) => expect(parseDuration(text)).toBeUndefined(),
);

test.each(['', '64', 'KiB', '64KB', '64kib', '64 KiB', '0.5MiB', 'toString'])('no size: "%s"', (text) =>
  expect(parseSize(text)).toBeUndefined(),
);

test.each([
  ['127.0.0.0/8', '127.0.0.0/8'],
  ['10.1.2.3', '10.1.2.3/32'],
  ['::1', '::1/128'],
  ['FD00::/8', 'fd00::/8'],
  ['localhost', 'localhost'],
  ['*.svc.Cluster.local', '*.svc.cluster.local'],
  ['a_service', 'a_service'],
])('callbacks may be allowed to reach %s', (text, allowed) => expect(parseAllowed(text)).toBe(allowed));

test.each([
  '',
  '*',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0',
  '300.1.1.1',
  'a..b',
  'a.*.b',
  'http://x',
  'x:80',
  '-a',
])('callbacks cannot be allowed to reach "%s"', (text) => expect(parseAllowed(text)).toBeUndefined());

const RANGES: [variable: string, good: string[], bad: string[]][] = [
  ['SERVER_PORT', ['0', '65535'], ['-1', '65536', '80.5']],
  ['SERVER_BASEPATH', ['', '/a', '/r1-ordering/x'], ['a', '/', '/a/', '/a//b', '/a/../b', '/a b', '/a?b']],
  ['SERVER_PUBLICURL', ['https://x', 'http://x:8080/'], ['x', 'ftp://x', 'http://x/p', 'http://u:p@x']],
  ['SERVER_HOST', ['::', '0.0.0.0', 'localhost'], ['a b', '[::]', '1.2.3']],
  ['RETRY_JITTER', ['0', '1'], ['-0.1', '1.1']],
  ['RETRY_DELAYS', ['', '1ms', '24d'], ['0s', '25d']],
  ['RETRY_REJECTSTATUSES', ['', '400', '599'], ['399', '600', '410']],
  ['CIRCUIT_THRESHOLD', ['1'], ['0', '1.5']],
  ['CALLBACKS_SCHEMES', ['http', 'https'], ['', 'ftp']],
  ['CALLBACKS_TIMEOUT', ['1ms'], ['0ms', '2h']],
  ['LIMITS_CONCURRENCY', ['1', '1024', 'adaptive'], ['0', '1025', 'many']],
  ['LIMITS_RATE', ['0.5'], ['0', '-1']],
  ['LIMITS_MEMORY', ['1B', '1TiB'], ['0B', '2TiB']],
  ['NAME', ['a', '0-a.b', 'a'.repeat(61)], ['-a', 'A', 'a'.repeat(62), 'a_b']],
  ['TOPICS_OTHER', ['a.b_c-D'], ['', '..', 'a/b', 'a'.repeat(250)]],
  ['KAFKA_BROKERS', ['a:1', '[::1]:9092,b:2'], ['a', 'a:0', 'a:65536', '::1:9092']],
  ['KAFKA_SESSIONTIMEOUT', ['6s', '5m'], ['5999ms', '6m']],
  ['KAFKA_COMMITSPERSECOND', ['10', '20000'], ['9', '20001']],
  ['KAFKA_REPLICATIONFACTOR', ['broker', '1', '100'], ['0', '-1', 'brokers']],
  ['KAFKA_CLIENTID', ['a_B.c-1', 'a'.repeat(249)], ['a b', 'a'.repeat(250)]],
  ['KAFKA_TLS_SERVERNAME', ['kafka.example.com'], ['kafka:9092', '*.example.com']],
  ['KAFKA_SASL_MECHANISM', ['none', 'plain', 'scram-sha-256'], ['PLAIN', 'gssapi']],
  ['KAFKA_PUBLISHQUEUE', ['64KiB', '64GiB'], ['63KiB', '65GiB']],
  ['KAFKA_DEADLETTERS_KEEPSETTLED', ['1ms', '3650d'], ['0s', '3651d']],
  ['RABBITMQ_URL', ['amqp://x', 'amqps://u:p@x:5671/v'], ['x', 'http://x']],
  ['RABBITMQ_HEARTBEAT', ['6s', '5m'], ['5999ms', '6m']],
  ['RABBITMQ_EXCHANGES', ['', 'a b/c', 'a'.repeat(255)], ['a,', 'ä'.repeat(128)]],
  ['RABBITMQ_BINDINGS', ['names', 'all'], ['none']],
  ['RABBITMQ_PREFETCH', ['1', '2000'], ['0', '2001']],
  ['RABBITMQ_PREFETCHMEMORY', ['64KiB', '1TiB'], ['63KiB', '2TiB']],
  ['RABBITMQ_EVENTS_MAXAGE', ['1s', '3650d'], ['999ms', '3651d']],
  ['RABBITMQ_EVENTS_MAXBYTES', ['1MiB'], ['1023KiB']],
  ['RABBITMQ_DEADLETTERS_MAXBYTES', ['64KiB', '1GiB'], ['63KiB', '2GiB']],
  ['REDIS_URL', ['redis://x', 'rediss://:p@x/0'], ['x', 'http://x']],
  ['EMBEDDED_RETENTION_SIZE', ['off', '1GiB'], ['on', '0B']],
  ['EMBEDDED_RETENTION_AGE', ['90d'], ['off', '0d']],
];

test.each(RANGES)('range of %s', (variable, good, bad) => {
  expect(good.filter((value) => !accepts(variable, value))).toEqual([]);
  expect(bad.filter((value) => accepts(variable, value))).toEqual([]);
});

test('the nearest name, or none', () => {
  const known = ['server.port', 'circuit.suspendAfter', 'retry.delays'];
  expect(nearest('retry.dellays', known)).toBe('retry.delays');
  expect(nearest('circuit.suspend_after', known)).toBe('circuit.suspendAfter');
  expect(nearest('SERVER-PORT', known)).toBe('server.port');
  expect(nearest('weather', known)).toBeUndefined();
});
