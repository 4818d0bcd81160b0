import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function file(yaml: string): string {
  const path = join(folder, `${(count += 1)}.yaml`);
  writeFileSync(path, yaml);
  return path;
}

function config(yaml: string, env: Record<string, string> = {}) {
  const loaded = loadConfig({ file: file(yaml), env });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function problems(yaml: string, env: Record<string, string> = {}): string[] {
  const path = file(yaml);
  const loaded = loadConfig({ file: path, env });
  return loaded.ok ? [] : loaded.problems.map((problem) => problem.replaceAll(path, 'file'));
}

describe('precedence', () => {
  test('defaults alone: durations in milliseconds, sizes in bytes', () => {
    const loaded = loadConfig({ env: {} });
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        name: 'tmf-hub',
        broker: 'embedded',
        data: { dir: './data' },
        server: { port: 8080, host: '0.0.0.0', basePath: '', drainTimeout: 10_000, maxHubBody: 65_536 },
        admin: { port: 8081, host: '127.0.0.1' },
        callbacks: { allow: [], schemes: ['https', 'http'], timeout: 10_000, connectTimeout: 3_000 },
        retry: { delays: [1_000, 5_000, 30_000], jitter: 0.1, rejectStatuses: [400, 413, 415, 422] },
        circuit: { threshold: 5, probeMin: 1_000, probeMax: 60_000, suspendAfter: 432_000_000 },
        limits: { concurrency: 'adaptive', maxWaiting: 1000, memory: 268_435_456 },
        hub: { duplicates: 'idempotent', lenientQuery: false, apis: [] },
        embedded: { partitions: 2, retention: { age: 604_800_000, size: 10_737_418_240 } },
        subscriptions: [],
      },
    });
  });

  test('the file goes over the defaults, the environment over the file', () => {
    const loaded = config('server: { port: 1, host: localhost }\nname: from-file', {
      TMF_HUB_SERVER_PORT: '2',
    });
    expect(loaded.server).toMatchObject({ port: 2, host: 'localhost', maxHubBody: 65_536 });
    expect(loaded.name).toBe('from-file');
  });

  test('an environment variable replaces a list whole, the empty text is the empty list', () => {
    const yaml = 'retry: { delays: [1s, 2s, 3s] }\ncallbacks: { allow: [10.0.0.0/8] }';
    const env = { TMF_HUB_RETRY_DELAYS: '250ms', TMF_HUB_CALLBACKS_ALLOW: '' };
    const loaded = config(yaml, env);
    expect(loaded.retry.delays).toEqual([250]);
    expect(loaded.callbacks.allow).toEqual([]);
  });

  test('a section or key without a value counts as not written', () => {
    const loaded = config('server:\nretry:\n  delays:\nadmin:\n  token:\n');
    expect(loaded.server.port).toBe(8080);
    expect(loaded.retry.delays).toEqual([1_000, 5_000, 30_000]);
    expect(loaded.admin.token).toBeUndefined();
  });

  test('an empty file and a file of comments are no mistake', () => {
    expect(config('').name).toBe('tmf-hub');
    expect(config('# nothing yet\n').name).toBe('tmf-hub');
  });
});

describe('mistakes', () => {
  test('all are reported together: file, environment, values, unknown keys, contradictions', () => {
    const yaml = `
name: Not_A_Name
server:
  port: 70000
  basePath: /x/
redis: elsewhere
retry:
  delays: [1s, soon]
  jiter: 0.2
limits: { startConcurrency: 64 }
brokr: kafka
`;
    expect(problems(yaml, { TMF_HUB_KAFKA_BROKRS: 'a:1', TMF_HUB_CIRCUIT_THRESHOLD: '0' })).toEqual([
      'TMF_HUB_KAFKA_BROKRS: no setting has this environment variable; did you mean TMF_HUB_KAFKA_BROKERS?',
      'redis: expected a section with url, username, password, tls; given a single value in file:6',
      'name: expected lower-case letters, digits, "." and "-", at most 61, the first a letter or digit; given "Not_A_Name" in file:2',
      'server.port: expected a whole number from 0 to 65535; given 70000 in file:4',
      'server.basePath: expected empty, or a path that starts with "/" and does not end with one; given "/x/" in file:5',
      'retry.delays[1]: expected a duration such as 250ms, 10s, 5m, 1h or 5d, from 1ms to 24d; given "soon" in file:8',
      'retry.jiter: no such key (given in file:9); did you mean retry.jitter?',
      'circuit.threshold: expected a whole number from 1 to 10000; given 0 by TMF_HUB_CIRCUIT_THRESHOLD',
      'brokr: no such key (given in file:11); did you mean broker?',
      'limits.startConcurrency: expected no more than limits.maxConcurrency (32); given 64 in file:10',
    ]);
  });

  test('a known key in the wrong place is pointed to its place', () => {
    expect(problems('port: 80')).toEqual([
      'port: no such key (given in file:1); did you mean server.port or admin.port?',
    ]);
  });

  test('an unknown key without a value, and __proto__, are mistakes too', () => {
    expect(problems('server:\nkafak:\n')[0]).toContain('kafak: no such key');
    expect(problems('"__proto__": { x: 1 }')[0]).toContain('__proto__: no such key');
  });

  test('entries of lists of objects: missing, mistyped and contradicting members', () => {
    const yaml = `
hub:
  apis:
    - { api: TMF622, version: 4.0, basPath: /a }
  profiles: [{ name: x, eventNames: Event, listenerBase: a }]
  scopes: [{ profile: fiware }]
subscriptions:
  - { callback: 'ftp://x', version: 4 }
  - { callback: 'http://x/', api: TMF622, basePath: /tmf-api/x/v4 }
  - just text
  - { callback: 'http://x/', secret: topsecret }
`;
    const missing = 'given nothing in file:4';
    expect(problems(yaml)).toEqual([
      `hub.apis[0].basePath: expected a path that starts with "/" and does not end with one; ${missing}`,
      'hub.apis[0].basPath: no such key (given in file:4); did you mean hub.apis[].basePath?',
      'hub.profiles[0].listenerBase: expected a path that starts with "/" and does not end with one, {resource} may stand in it; given "a" in file:5',
      'hub.profiles[0].eventNames: expected one of as-produced, event, lower-event, notification; given "Event" in file:5',
      'hub.scopes[0].api: expected to stand here, or basePath; given nothing in file:6',
      'subscriptions[0].callback: expected an http or https URL without credentials and fragment; given "ftp://x" in file:8',
      'subscriptions[0].version: expected to stand beside api; given 4 in file:8',
      'subscriptions[1].basePath: expected to stand without api; given "/tmf-api/x/v4" in file:9',
      'subscriptions[2]: expected an object with api, version, basePath, callback, query, profile, secret, ordering; given "just text" in file:10',
      'subscriptions[3].secret: expected "whsec_" and 24 to 64 bytes in base64; given a value that is not shown in file:11',
      'hub.profiles[0].listenerBase: expected to stand beside callback: append; given "a" in file:5',
    ]);
  });

  test('names of profiles that there are not, at every place; and what a profile cannot mean', () => {
    const yaml = `
hub:
  profile: tfm
  profiles:
    - { name: carrier, listenerBase: /hooks }
    - { name: carrier, callback: append, listenerBase: /hooks, without: [domain, eventId] }
  scopes: [{ api: TMF622, profile: carier }, { api: TMF620, profile: carrier }]
subscriptions:
  - { callback: 'http://x/', profile: fiware }
  - { callback: 'http://x/', profile: fiwar }
`;
    const names = 'tmf, strict-v4, oda-canvas, openslice, mef-lso, fiware, carrier';
    expect(problems(yaml)).toEqual([
      'hub.profiles[1].without[1]: expected the name of a member, but not eventId, eventTime, eventType, event or payload; given "eventId" in file:6',
      'hub.profiles[1].name: expected another name than an entry before it; given "carrier" in file:6',
      `hub.profile: expected one of ${names}; given "tfm" in file:3`,
      `hub.scopes[0].profile: expected one of ${names}; given "carier" in file:7`,
      `subscriptions[1].profile: expected one of ${names}; given "fiwar" in file:10`,
      'hub.profiles[0].listenerBase: expected to stand beside callback: append; given "/hooks" in file:5',
    ]);
  });

  test('secrets never stand in a message', () => {
    const yaml = `
admin: { token: 12345678 }
rabbitmq: { url: 'http://user:hunter2@host' }
redis: redis://user:hunter3@host
subscriptions: [{ callback: 'http://user:hunter4@host/' }]
`;
    const all = problems(yaml, { TMF_HUB_REDIS_URL: 'user:hunter5@host' });
    expect(all).toHaveLength(5);
    expect(all.join('\n')).not.toMatch(/12345678|hunter/);
    expect(all[4]).toContain('given "http://***@host/"');
  });

  test.each(['hunter@2', 'hunter/2', 'hunter2'])('nor does one that a URL has as it is: %s', (password) => {
    const yaml = `subscriptions: [{ callback: 'http://user:${password}@host/' }]`;
    const [only = '', ...more] = problems(yaml);
    expect([only, more]).toEqual([expect.stringContaining('given "http://***@host/"'), []]);
  });

  test('nor do those of an entry, or of entries, that are not what is expected', () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const entry = JSON.stringify({ secret, callback: 'http://x/' });
    const told = [
      problems(`subscriptions: ${entry}`),
      problems(`subscriptions: [[${entry}]]`),
      problems('', { TMF_HUB_SUBSCRIPTIONS: entry }),
      problems('', { TMF_HUB_SUBSCRIPTIONS: `[${entry}` }),
      problems(`subscriptions: [{ callback: 'http://x/', secret: ['${secret}'] }]`),
      problems(`subscriptions: [{ callback: '${secret}' }]`),
    ];
    expect(told.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(told.flat().join('\n')).not.toContain(secret.slice(6, 20));
  });

  test('a file that is missing, no YAML, or no mapping', () => {
    const env = { TMF_HUB_LOG_LEVEL: 'loud' };
    const missing = loadConfig({ file: join(folder, 'missing.yaml'), env });
    expect(missing).toMatchObject({ ok: false, problems: [expect.stringContaining('cannot be read'), {}] });
    expect(problems('a: [1\nname: x\nname: y')).toEqual([
      expect.stringContaining('file:2:1: not valid YAML'),
      expect.stringContaining('file:3:1: not valid YAML: Map keys must be unique'),
    ]);
    expect(problems('name: *nobody')[0]).toContain('not valid YAML');
    expect(problems('- a')[0]).toContain('expected keys with values');
    expect(problems('name: a\n---\nname: b')).toEqual([
      'file:2: expected one YAML document; given a second one',
    ]);
  });
});

describe('contradictions between settings', () => {
  test('a default gives way to a smaller bound that was written', () => {
    const yaml = 'limits: { maxConcurrency: 4 }\ncircuit: { probeMax: 100ms }\ncallbacks: { timeout: 2s }';
    const loaded = config(yaml);
    expect(loaded.limits.startConcurrency).toBe(4);
    expect(loaded.circuit.probeMin).toBe(100);
    expect(loaded.callbacks.connectTimeout).toBe(2_000);
  });

  test('two ports that cannot both be opened', () => {
    expect(problems('server: { port: 8081 }')).toEqual([
      'admin.port: expected another port than server.port (8081); given 8081 by default',
    ]);
    expect(problems('server: { port: 0 }\nadmin: { port: 0 }')).toEqual([]);
    expect(problems('server: { port: 8081, host: 10.0.0.1 }')).toEqual([]);
  });
});
