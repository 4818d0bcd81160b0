import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { cert, key } from '../callbacks/certificate.ts';

type Settings = Record<string, string>;

let folder: string;
let pem: Record<'cert' | 'key' | 'otherKey', string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  const written = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const otherKey = other.export({ type: 'pkcs8', format: 'pem' }) as string;
  pem = {
    ...{ cert: written('cert.pem', cert), key: written('key.pem', key) },
    otherKey: written('other.pem', otherKey),
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(settings: Settings) {
  const given = Object.entries(settings).map(([name, value]) => [`TMF_HUB_REDIS_${name}`, value]);
  return loadConfig({ env: Object.fromEntries(given) as Settings });
}

function problems(settings: Settings): string[] {
  const loaded = load(settings);
  return loaded.ok ? [] : loaded.problems;
}

describe('user and password beside the URL', () => {
  test('a password may stand alone, a user may not', () => {
    expect(problems({ URL: 'redis://r', PASSWORD: 'p' })).toEqual([]);
    expect(problems({ URL: 'redis://r', USERNAME: 'u', PASSWORD: 'p' })).toEqual([]);
    expect(problems({ URL: 'redis://:p@r', USERNAME: 'u' })).toEqual([]);
    expect(problems({ URL: 'redis://r', USERNAME: 'u' })).toEqual([
      'redis.username: expected to stand beside redis.password; given "u" by TMF_HUB_REDIS_USERNAME',
    ]);
  });

  test('without a URL there is no Redis: whoever wrote them believes that there is', () => {
    expect(problems({ USERNAME: 'u', PASSWORD: 'hunter2' })).toEqual([
      'redis.username: expected to stand beside redis.url; given "u" by TMF_HUB_REDIS_USERNAME',
      'redis.password: expected to stand beside redis.url; given a value that is not shown by TMF_HUB_REDIS_PASSWORD',
    ]);
  });
});

describe('a URL that the client of Redis would not take', () => {
  const said = (expected: string) => [
    `redis.url: expected ${expected}; given a value that is not shown by TMF_HUB_REDIS_URL`,
  ];

  test.each(['redis://:100%@r', 'rediss://u%zz:p@r', 'redis://:%ff@r/0'])('%s', (URL) => {
    expect(problems({ URL })).toEqual(
      said(
        'user and password as URLs want them, with %25 for a percent sign; redis.username and redis.password take them as they are',
      ),
    );
  });

  test.each(['redis://r/first', 'redis://r/-1', 'redis://r/0/1'])('%s', (URL) => {
    expect(problems({ URL })).toEqual(said('the number of a database after the host, or nothing'));
  });

  test.each(['redis://:100%25@r', 'redis://r/', 'redis://r/15', 'redis://r?x=1'])('but %s', (URL) => {
    expect(problems({ URL })).toEqual([]);
  });
});

describe('tls', () => {
  const TLS = { URL: 'REDISS://r' };

  test('files are read: the configuration knows what is in them', () => {
    const settings = { TLS_CA: pem.cert, TLS_CERT: pem.cert, TLS_KEY: pem.key, TLS_SERVERNAME: 'r.example' };
    expect(load({ ...TLS, ...settings })).toMatchObject({
      ok: true,
      config: {
        redis: {
          tls: { ca: { text: cert }, cert: { text: cert }, key: { text: key }, serverName: 'r.example' },
        },
      },
    });
  });

  test('settings of a connection without TLS, or of none', () => {
    const settings = { TLS_CA: pem.cert, TLS_SERVERNAME: 'r' };
    const complaints = [
      `redis.tls.ca: expected to stand beside a redis.url that begins with rediss; given ${JSON.stringify(pem.cert)} by TMF_HUB_REDIS_TLS_CA`,
      'redis.tls.serverName: expected to stand beside a redis.url that begins with rediss; given "r" by TMF_HUB_REDIS_TLS_SERVERNAME',
    ];
    expect(problems({ URL: 'redis://r', ...settings })).toEqual(complaints);
    expect(problems(settings)).toEqual(complaints);
  });

  test('beside a URL that is none nothing more is said', () => {
    expect(problems({ URL: 'hunter2', TLS_SERVERNAME: 'r' })).toEqual([
      'redis.url: expected a URL such as redis://host; given a value that is not shown by TMF_HUB_REDIS_URL',
    ]);
  });

  test('certificate and key go together', () => {
    const from = (text: string): unknown => [expect.stringContaining(text)];
    expect(problems({ ...TLS, TLS_CERT: pem.cert })).toEqual(from('to stand beside redis.tls.key'));
    expect(problems({ ...TLS, TLS_KEY: pem.key })).toEqual(from('to stand beside redis.tls.cert'));
    expect(problems({ ...TLS, TLS_CERT: pem.cert, TLS_KEY: pem.otherKey })).toEqual([
      'redis.tls.key: expected the key of redis.tls.cert; given a value that is not shown by TMF_HUB_REDIS_TLS_KEY',
    ]);
    expect(problems({ ...TLS, TLS_CERT: pem.cert, TLS_KEY: pem.cert })).toEqual(
      from('expected a file with a private key in PEM'),
    );
  });

  test('the name of a certificate is that of a host', () => {
    expect(problems({ ...TLS, TLS_SERVERNAME: '10.0.0.1' })).toEqual([
      'redis.tls.serverName: expected a host name; given "10.0.0.1" by TMF_HUB_REDIS_TLS_SERVERNAME',
    ]);
  });
});
