import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { cert, key } from '../callbacks/certificate.ts';

type Settings = Record<string, string>;

let folder: string;
let pem: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  pem = join(folder, 'pair.pem');
  writeFileSync(pem, `${cert}\n${key}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const RABBITMQ = { TMF_HUB_BROKER: 'rabbitmq', TMF_HUB_RABBITMQ_URL: 'amqp://u:p@a/' };

function load(settings: Settings) {
  const given = Object.entries(settings).map(([name, value]) => [`TMF_HUB_${name}`, value]);
  return loadConfig({ env: { ...RABBITMQ, ...(Object.fromEntries(given) as Settings) } });
}

function problems(settings: Settings): string[] {
  const loaded = load(settings);
  return loaded.ok ? [] : loaded.problems;
}

test('the defaults', () => {
  expect(load({})).toMatchObject({
    ok: true,
    config: {
      rabbitmq: {
        url: 'amqp://u:p@a/',
        heartbeat: 30_000,
        exchanges: [],
        declare: true,
        bindings: 'names',
        prefetch: 256,
        prefetchMemory: 67_108_864,
        publishTimeout: 30_000,
        events: { maxAge: 604_800_000, maxBytes: 10_737_418_240 },
        deadLetters: { maxBytes: 8_388_608, keepSettled: 604_800_000 },
        tls: {},
      },
    },
  });
});

test('rabbitmq without a server is one mistake', () => {
  expect(problems({ RABBITMQ_URL: '' })).toEqual([
    'rabbitmq.url: expected a URL such as amqp://host, as broker is rabbitmq; given nothing by TMF_HUB_RABBITMQ_URL',
  ]);
  expect(problems({ RABBITMQ_URL: 'http://u:hunter2@a/' })).toEqual([
    'rabbitmq.url: expected a URL such as amqp://host; given a value that is not shown by TMF_HUB_RABBITMQ_URL',
  ]);
});

test('events in an exchange that counts as one of the gateway would never arrive: a mistake', () => {
  expect(problems({ NAME: 'tmf', RABBITMQ_EXCHANGES: 'tmf.orders' })).toEqual([
    'rabbitmq.exchanges: expected exchanges that do not begin with name ("tmf"); given ["tmf.orders"] by TMF_HUB_RABBITMQ_EXCHANGES',
    'topics.other: expected an exchange that does not begin with name ("tmf"); given "tmf.events" by default',
  ]);
});

test('an attempt must end before the silence of its gateway counts as the end of it', () => {
  expect(problems({ RABBITMQ_HEARTBEAT: '14999ms' })).toEqual([
    'rabbitmq.heartbeat: expected at least 5s above callbacks.timeout ("10s"); given "14999ms" by TMF_HUB_RABBITMQ_HEARTBEAT',
  ]);
  expect(problems({ RABBITMQ_HEARTBEAT: '15s' })).toEqual([]);
  expect(problems({ CALLBACKS_TIMEOUT: '25001ms' })[0]).toMatch(/^rabbitmq\.heartbeat: .* "30s" by default$/);
});

test('the largest event must fit twice into a dead letter', () => {
  expect(problems({ SERVER_MAXEVENTBODY: '5MiB' })).toEqual([
    'rabbitmq.deadLetters.maxBytes: expected at least 2 times server.maxEventBody ("5MiB"); given "8MiB" by default',
  ]);
});

test('with another broker nothing of this is looked at', () => {
  const settings = { RABBITMQ_URL: '', RABBITMQ_HEARTBEAT: '6s', SERVER_MAXEVENTBODY: '1GiB', NAME: 'tmf' };
  expect(problems({ BROKER: 'embedded', ...settings })).toEqual([]);
});

describe('user and password beside the URL', () => {
  test('one without the other is a mistake, unless the URL has it', () => {
    const alone = { RABBITMQ_URL: 'amqp://a/' };
    expect(problems({ ...alone, RABBITMQ_USERNAME: 'x' })).toEqual([
      'rabbitmq.username: expected to stand beside rabbitmq.password; given "x" by TMF_HUB_RABBITMQ_USERNAME',
    ]);
    expect(problems({ ...alone, RABBITMQ_PASSWORD: 'x' })).toEqual([
      'rabbitmq.password: expected to stand beside rabbitmq.username; given a value that is not shown by TMF_HUB_RABBITMQ_PASSWORD',
    ]);
    expect(problems({ ...alone, RABBITMQ_USERNAME: 'x', RABBITMQ_PASSWORD: 'y' })).toEqual([]);
    expect(problems({ RABBITMQ_USERNAME: 'x' })).toEqual([]);
    expect(problems({ RABBITMQ_PASSWORD: 'x' })).toEqual([]);
  });

  test('they are settings of a source, too', () => {
    const sources = [{ name: 'r', broker: 'rabbitmq', rabbitmq: { url: 'amqp://r/', password: 'p' } }];
    const env = { TMF_HUB_RABBITMQ_USERNAME: 'shared', TMF_HUB_SOURCES: JSON.stringify(sources) };
    expect(loadConfig({ env })).toMatchObject({
      config: { rabbitmq: { username: 'shared' }, sources: [{ rabbitmq: { password: 'p' } }] },
    });
  });
});

describe('tls', () => {
  const TLS = { RABBITMQ_URL: 'AMQPS://a' };

  test('files are read: the configuration knows what is in them', () => {
    const files = { RABBITMQ_TLS_CA: pem, RABBITMQ_TLS_CERT: pem, RABBITMQ_TLS_KEY: pem };
    const file = { path: pem, text: `${cert}\n${key}` };
    expect(load({ ...TLS, ...files })).toMatchObject({
      ok: true,
      config: { rabbitmq: { tls: { ca: file, cert: file, key: file } } },
    });
  });

  test('files for a connection without TLS: whoever wrote them believes that it has it', () => {
    expect(problems({ RABBITMQ_TLS_CA: pem })).toEqual([
      `rabbitmq.tls.ca: expected to stand beside a rabbitmq.url that begins with amqps; given ${JSON.stringify(pem)} by TMF_HUB_RABBITMQ_TLS_CA`,
    ]);
  });

  test('the name of the certificate: that of a host, and only with TLS', () => {
    expect(load({ ...TLS, RABBITMQ_TLS_SERVERNAME: 'r.example' })).toMatchObject({
      config: { rabbitmq: { tls: { serverName: 'r.example' } } },
    });
    expect(problems({ ...TLS, RABBITMQ_TLS_SERVERNAME: '::1' })).toEqual([
      'rabbitmq.tls.serverName: expected a host name; given "::1" by TMF_HUB_RABBITMQ_TLS_SERVERNAME',
    ]);
    expect(problems({ RABBITMQ_TLS_SERVERNAME: 'r' })).toEqual([
      'rabbitmq.tls.serverName: expected to stand beside a rabbitmq.url that begins with amqps; given "r" by TMF_HUB_RABBITMQ_TLS_SERVERNAME',
    ]);
  });

  test('certificate and key go together', () => {
    expect(problems({ ...TLS, RABBITMQ_TLS_CERT: pem })).toEqual([
      expect.stringContaining('to stand beside rabbitmq.tls.key'),
    ]);
  });
});
