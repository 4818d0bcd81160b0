import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { cert, key } from '../callbacks/certificate.ts';

type Settings = Record<string, string>;

let folder: string;
const pem: Record<'cert' | 'key' | 'otherKey' | 'both' | 'broken', string> = {
  cert: '',
  key: '',
  otherKey: '',
  both: '',
  broken: '',
};
// A key of the same kind that no certificate has.
const OTHER_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAGhRANCAARrF9Hy4SxCR/i85uVjpEDydwN9gS3r
M6D0oTlF2JjClk/jQuL+Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1
-----END PRIVATE KEY-----`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  const contents = {
    cert,
    key,
    otherKey: OTHER_KEY,
    both: `${cert}\n${cert}`,
    broken: `${cert}\n${cert.replace('MIIB', 'MIIC')}`,
  };
  for (const [name, text] of Object.entries(contents)) {
    pem[name as keyof typeof pem] = join(folder, `${name}.pem`);
    writeFileSync(join(folder, `${name}.pem`), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const KAFKA = { TMF_HUB_BROKER: 'kafka', TMF_HUB_KAFKA_BROKERS: 'a:9092' };

function load(settings: Settings) {
  const given = Object.entries(settings).map(([name, value]) => [`TMF_HUB_${name}`, value]);
  return loadConfig({ env: { ...KAFKA, ...(Object.fromEntries(given) as Settings) } });
}

function config(settings: Settings) {
  const loaded = load(settings);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function problems(settings: Settings): string[] {
  const loaded = load(settings);
  return loaded.ok ? [] : loaded.problems;
}

test('the defaults', () => {
  expect(config({}).kafka).toEqual({
    brokers: ['a:9092'],
    topics: [],
    createTopics: true,
    partitions: 6,
    replicationFactor: 'broker',
    sessionTimeout: 30_000,
    commitsPerSecond: 500,
    publishTimeout: 10_000,
    publishQueue: 67_108_864,
    deadLetters: { maxBytes: 12_582_912, keepSettled: 86_400_000 },
    tls: { enabled: false },
    sasl: { mechanism: 'none' },
  });
});

test('kafka without a server to ask is one mistake', () => {
  expect(problems({ KAFKA_BROKERS: '' })).toEqual([
    'kafka.brokers: expected at least one host:port, as broker is kafka; given [] by TMF_HUB_KAFKA_BROKERS',
  ]);
  expect(loadConfig({ env: { TMF_HUB_BROKER: 'kafka' } })).toEqual({
    ok: false,
    problems: ['kafka.brokers: expected at least one host:port, as broker is kafka; given [] by default'],
  });
});

describe('topics that events are read from', () => {
  test('names and expressions are kept as they are written', () => {
    const written = String.raw`tmf.events, bss\..*\.events, a|b+`;
    expect(config({ KAFKA_TOPICS: written }).kafka.topics).toEqual(written.split(', '));
  });

  test('what is no expression is told with its place', () => {
    expect(problems({ KAFKA_TOPICS: 'a,b(' })).toEqual([
      'kafka.topics[1]: expected a topic name or a regular expression (Invalid regular expression: /b(/u: Unterminated group); given "b(" by TMF_HUB_KAFKA_TOPICS',
    ]);
    expect(problems({ KAFKA_TOPICS: 'a)|(b' })[0]).toContain('kafka.topics[0]: expected');
    const noName = ['a,,b', 'a,..', `a,${'b'.repeat(250)}`].flatMap((list) =>
      problems({ KAFKA_TOPICS: list }),
    );
    expect(noName).toHaveLength(3);
    for (const each of noName)
      expect(each).toMatch(/^kafka\.topics\[1\]: .* \(no topic can have this name\)/);
  });

  test('events in a topic that counts as one of the gateway would never arrive: a mistake', () => {
    expect(problems({ NAME: 'tmf', KAFKA_TOPICS: 'tmf.orders' })).toEqual([
      'kafka.topics: expected topics that do not begin with name ("tmf"); given ["tmf.orders"] by TMF_HUB_KAFKA_TOPICS',
      'topics.other: expected a topic that does not begin with name ("tmf"); given "tmf.events" by default',
    ]);
    expect(problems({ NAME: 'oss' })).toHaveLength(3);
    expect(problems({ NAME: 'tmf-x', KAFKA_TOPICS: 'tmf-xy.orders' })).toEqual([]);
  });
});

test('an attempt must fit into the session: no attempt could ever start', () => {
  expect(problems({ KAFKA_SESSIONTIMEOUT: '10s' })).toEqual([
    'kafka.sessionTimeout: expected at least 2s above callbacks.timeout ("10s"); given "10s" by TMF_HUB_KAFKA_SESSIONTIMEOUT',
  ]);
  expect(problems({ CALLBACKS_TIMEOUT: '28001ms' })).toEqual([
    'kafka.sessionTimeout: expected at least 2s above callbacks.timeout ("28001ms"); given "30s" by default',
  ]);
  expect(problems({ CALLBACKS_TIMEOUT: '28s' })).toEqual([]);
  expect(problems({ CALLBACKS_TIMEOUT: '4s', KAFKA_SESSIONTIMEOUT: '6s' })).toEqual([]);
});

test('the largest event must fit into the queue, and three times into a dead letter', () => {
  expect(problems({ SERVER_MAXEVENTBODY: '65MiB', KAFKA_DEADLETTERS_MAXBYTES: '195MiB' })).toEqual([
    'kafka.publishQueue: expected no less than server.maxEventBody ("65MiB"); given "64MiB" by default',
  ]);
  expect(problems({ KAFKA_DEADLETTERS_MAXBYTES: '11MiB' })).toEqual([
    'kafka.deadLetters.maxBytes: expected at least 3 times server.maxEventBody ("4MiB"); given "11MiB" by TMF_HUB_KAFKA_DEADLETTERS_MAXBYTES',
  ]);
});

test('with another broker nothing of this is looked at', () => {
  const settings = {
    BROKER: 'embedded',
    NAME: 'tmf',
    KAFKA_BROKERS: '',
    KAFKA_SESSIONTIMEOUT: '6s',
    KAFKA_SASL_MECHANISM: 'plain',
    SERVER_MAXEVENTBODY: '1GiB',
  };
  expect(problems(settings)).toEqual([]);
});

describe('tls', () => {
  const ON = { KAFKA_TLS_ENABLED: 'true' };

  test('files are read: the configuration knows what is in them, and shows no key', () => {
    const { cert: certificate, key: privateKey, both } = pem;
    const settings = { KAFKA_TLS_CA: both, KAFKA_TLS_CERT: certificate, KAFKA_TLS_KEY: privateKey };
    const { tls } = config({ ...ON, ...settings, KAFKA_TLS_SERVERNAME: 'kafka.test' }).kafka;
    const file = (path: string, text: string): unknown => expect.objectContaining({ path, text });
    expect(tls).toEqual({
      enabled: true,
      ca: file(both, `${cert}\n${cert}`),
      cert: file(certificate, cert),
      key: file(privateKey, key),
      serverName: 'kafka.test',
    });
    expect(JSON.stringify(tls)).not.toContain('PRIVATE');
  });

  test('a file that is missing, no certificate, or only half of them', () => {
    const complaint = (reason: string, file: string) => [
      `kafka.tls.ca: expected a file with certificates in PEM (${reason}); given ${JSON.stringify(file)} by TMF_HUB_KAFKA_TLS_CA`,
    ];
    const of = (file: string) => problems({ ...ON, KAFKA_TLS_CA: file });
    expect(of('none.pem')).toEqual(complaint('no such file or directory', 'none.pem'));
    expect(of('package.json')).toEqual(complaint('there is none in it', 'package.json'));
    expect(of(pem.key)).toEqual(complaint('there is none in it', pem.key));
    expect(of(pem.broken)).toEqual(complaint('one in it cannot be read', pem.broken));
  });

  test('a key that is none, or not the one of the certificate', () => {
    const of = (file: string) => problems({ ...ON, KAFKA_TLS_CERT: pem.cert, KAFKA_TLS_KEY: file });
    expect(of(pem.cert)).toEqual([
      'kafka.tls.key: expected a file with a private key in PEM, without passphrase (there is none in it that can be read); given a value that is not shown by TMF_HUB_KAFKA_TLS_KEY',
    ]);
    expect(of(pem.otherKey)).toEqual([
      'kafka.tls.key: expected the key of kafka.tls.cert; given a value that is not shown by TMF_HUB_KAFKA_TLS_KEY',
    ]);
  });

  test('a key that stands where its file belongs is not shown', () => {
    const all = problems({ ...ON, KAFKA_TLS_CERT: pem.cert, KAFKA_TLS_KEY: key });
    expect(all).toHaveLength(1);
    expect(all[0]).not.toContain('MIGH');
  });

  test('certificate and key go together', () => {
    expect(problems({ ...ON, KAFKA_TLS_CERT: pem.cert })[0]).toContain('to stand beside kafka.tls.key');
    expect(problems({ ...ON, KAFKA_TLS_KEY: pem.key })[0]).toContain('to stand beside kafka.tls.cert');
  });

  test('settings of a TLS that is off: whoever wrote them believes that it is on', () => {
    expect(problems({ KAFKA_TLS_CA: pem.cert, KAFKA_TLS_SERVERNAME: 'x' })).toEqual([
      `kafka.tls.ca: expected to stand beside kafka.tls.enabled: true; given ${JSON.stringify(pem.cert)} by TMF_HUB_KAFKA_TLS_CA`,
      'kafka.tls.serverName: expected to stand beside kafka.tls.enabled: true; given "x" by TMF_HUB_KAFKA_TLS_SERVERNAME',
    ]);
  });
});

describe('sasl', () => {
  test('a mechanism wants user and password', () => {
    expect(problems({ KAFKA_SASL_MECHANISM: 'plain' })).toEqual([
      'kafka.sasl.username: expected the name of a user, as kafka.sasl.mechanism is not none; given nothing',
      'kafka.sasl.password: expected a password, as kafka.sasl.mechanism is not none; given nothing',
    ]);
    const user = { KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' };
    expect(config({ KAFKA_SASL_MECHANISM: 'scram-sha-512', ...user }).kafka.sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'u',
      password: 'p',
    });
  });

  test('user and password want a mechanism; the password is not shown', () => {
    expect(problems({ KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'hunter2' })).toEqual([
      'kafka.sasl.username: expected to stand beside a kafka.sasl.mechanism other than none; given "u" by TMF_HUB_KAFKA_SASL_USERNAME',
      'kafka.sasl.password: expected to stand beside a kafka.sasl.mechanism other than none; given a value that is not shown by TMF_HUB_KAFKA_SASL_PASSWORD',
    ]);
  });
});
