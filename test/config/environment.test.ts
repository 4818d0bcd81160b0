import { loadConfig } from '../../src/config/load.ts';
import { keys } from '../../src/config/schema.ts';

function config(env: Record<string, string>) {
  const loaded = loadConfig({ env });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function problems(env: Record<string, string>): string[] {
  const loaded = loadConfig({ env });
  return loaded.ok ? [] : loaded.problems;
}

test('the names of the outside contract', () => {
  const loaded = config({
    TMF_HUB_CONFIG: 'somewhere.yaml',
    TMF_HUB_KAFKA_BROKERS: 'a:9092, [::1]:9093',
    TMF_HUB_SERVER_PORT: '0',
    TMF_HUB_RETRY_DELAYS: '1s,5s,30s',
    TMF_HUB_BROKER: 'kafka',
    TMF_HUB_RABBITMQ_URL: 'amqps://u:p@r/vhost',
    TMF_HUB_REDIS_URL: 'redis://r:6379/0',
    TMF_HUB_CALLBACKS_ALLOW: '127.0.0.0/8,::1/128',
    TMF_HUB_DATA_DIR: '/var/lib/hub',
    TMF_HUB_NAME: 'r1',
    TMF_HUB_CIRCUIT_THRESHOLD: '7',
    TMF_HUB_LOG_LEVEL: 'debug',
  });
  expect(loaded.kafka.brokers).toEqual(['a:9092', '[::1]:9093']);
  expect(loaded.server.port).toBe(0);
  expect(loaded.retry.delays).toEqual([1_000, 5_000, 30_000]);
  expect(loaded.broker).toBe('kafka');
  expect(loaded.rabbitmq.url).toBe('amqps://u:p@r/vhost');
  expect(loaded.redis.url).toBe('redis://r:6379/0');
  expect(loaded.callbacks.allow).toEqual(['127.0.0.0/8', '::1/128']);
  expect(loaded.data.dir).toBe('/var/lib/hub');
  expect(loaded.name).toBe('r1');
  expect(loaded.circuit.threshold).toBe(7);
  expect(loaded.log.level).toBe('debug');
});

test('words of a key in capitals, run together or apart', () => {
  expect(config({ TMF_HUB_CIRCUIT_SUSPENDAFTER: '1h' }).circuit.suspendAfter).toBe(3_600_000);
  expect(config({ TMF_HUB_CIRCUIT_SUSPEND_AFTER: '2h' }).circuit.suspendAfter).toBe(7_200_000);
  expect(config({ TMF_HUB_LIMITS_MAX_WAITING: '9' }).limits.maxWaiting).toBe(9);
  expect(problems({ TMF_HUB_LIMITS_MAXWAITING: '9', TMF_HUB_LIMITS_MAX_WAITING: '9' })).toEqual([
    'limits.maxWaiting: set twice, by TMF_HUB_LIMITS_MAXWAITING and by TMF_HUB_LIMITS_MAX_WAITING; keep one',
  ]);
});

test('every kind of value can be written as text', () => {
  const loaded = config({
    TMF_HUB_METRICS_PERSUBSCRIPTION: 'false',
    TMF_HUB_RETRY_JITTER: '0.25',
    TMF_HUB_LIMITS_RATE: '12.5',
    TMF_HUB_LIMITS_CONCURRENCY: '16',
    TMF_HUB_RETRY_REJECTSTATUSES: '400, 422',
    TMF_HUB_EMBEDDED_RETENTION_SIZE: 'off',
    TMF_HUB_ADMIN_TOKEN: '0123\n',
    TMF_HUB_SUBSCRIPTIONS:
      '[{"callback":"http://127.0.0.1:9/","api":"TMF622","version":"v4","ordering":"none"}]',
    TMF_HUB_HUB_APIS: '[{"api":"TMF999","version":5,"basePath":"/tmf-api/own/v5","eventTypes":["OwnEvent"]}]',
  });
  expect(loaded.metrics.perSubscription).toBe(false);
  expect(loaded.retry).toMatchObject({ jitter: 0.25, rejectStatuses: [400, 422] });
  expect(loaded.limits).toMatchObject({ rate: 12.5, concurrency: 16 });
  expect(loaded.embedded.retention.size).toBe('off');
  expect(loaded.admin.token).toBe('0123');
  expect(loaded.subscriptions).toEqual([
    { callback: 'http://127.0.0.1:9/', api: 'TMF622', version: '4', query: '', ordering: 'none' },
  ]);
  expect(loaded.hub.apis).toEqual([
    { api: 'TMF999', version: '5', basePath: '/tmf-api/own/v5', eventTypes: ['OwnEvent'] },
  ]);
  expect(config({ TMF_HUB_LIMITS_CONCURRENCY: 'adaptive' }).limits.concurrency).toBe('adaptive');
});

test('texts that are no value', () => {
  expect(
    problems({
      TMF_HUB_SERVER_PORT: '',
      TMF_HUB_METRICS_PERSUBSCRIPTION: 'yes',
      TMF_HUB_RETRY_JITTER: '1e-1',
      TMF_HUB_RETRY_DELAYS: '1s,,2s',
      TMF_HUB_SUBSCRIPTIONS: '[{]',
    }).map((problem) => problem.replace(/expected .*; given/, '')),
  ).toEqual([
    'server.port:  "" by TMF_HUB_SERVER_PORT',
    'retry.delays[1]:  "" by TMF_HUB_RETRY_DELAYS',
    'retry.jitter:  "1e-1" by TMF_HUB_RETRY_JITTER',
    'metrics.perSubscription:  "yes" by TMF_HUB_METRICS_PERSUBSCRIPTION',
    'subscriptions:  "[{]" by TMF_HUB_SUBSCRIPTIONS',
  ]);
});

test('an empty text takes a setting without default back to "not set": no empty token', () => {
  const loaded = config({ TMF_HUB_ADMIN_TOKEN: '', TMF_HUB_REDIS_URL: ' ', TMF_HUB_SERVER_BASEPATH: '' });
  expect(loaded.admin.token).toBeUndefined();
  expect(loaded.redis.url).toBeUndefined();
  expect(loaded.server.basePath).toBe('');
});

test('unknown TMF_HUB_ variables are mistakes, others are not looked at', () => {
  expect(
    problems({
      TMF_HUB_CONFG: 'x',
      TMF_HUB_DATADIR: 'x',
      TMF_HUB_ZZZZZZZZ: 'x',
      TMFHUB_X: 'x',
      PATH: '/bin',
    }),
  ).toEqual([
    'TMF_HUB_CONFG: no setting has this environment variable; did you mean TMF_HUB_CONFIG?',
    'TMF_HUB_DATADIR: no setting has this environment variable; did you mean TMF_HUB_DATA_DIR?',
    'TMF_HUB_ZZZZZZZZ: no setting has this environment variable',
  ]);
});

test('variables that Kubernetes adds for services named like us are neither settings nor mistakes', () => {
  const links = {
    TMF_HUB_SERVICE_HOST: '10.0.0.7',
    TMF_HUB_SERVICE_PORT: '8080',
    TMF_HUB_SERVICE_PORT_HTTP: '8080',
    TMF_HUB_PORT: 'tcp://10.0.0.7:8080',
    TMF_HUB_PORT_8080_TCP: 'tcp://10.0.0.7:8080',
    TMF_HUB_PORT_8080_TCP_PROTO: 'tcp',
    TMF_HUB_PORT_8080_TCP_PORT: '8080',
    TMF_HUB_PORT_8080_TCP_ADDR: '10.0.0.7',
    TMF_HUB_ADMIN_SERVICE_HOST: '10.0.0.8',
    TMF_HUB_ADMIN_PORT: 'tcp://10.0.0.8:8081',
  };
  expect(config(links).admin.port).toBe(8081);
});

test('each variable sets one key only, and none looks like one of Kubernetes', () => {
  const variables = keys.flatMap((key) => (key.kind === 'setting' ? key.variables : []));
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables.filter((name) => /_SERVICE_(HOST|PORT)|_PORT_\d/.test(name))).toEqual([]);
});
