/** What the chart renders is what the gateway takes: every value set of the matrix, and what follows of a change. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseDocument, visit, isPair, isScalar, type Pair } from 'yaml';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { createTestCa, type Certificate, type TestCa } from '../support/test-ca.ts';
import { Charts } from './charts.ts';
import { environmentOf, siteOf, volumeAt, type Site } from './site.ts';

interface Values extends Readonly<Record<string, unknown>> {
  readonly mode?: 'standalone' | 'sidecar';
}

const MATRIX = join(import.meta.dirname, '../../helm/matrix');
const sets = readdirSync(MATRIX).filter((name) => name.endsWith('.yaml'));
const valuesOf = (name: string) => parse(readFileSync(join(MATRIX, name), 'utf8')) as Values | null;

/** Fits wherever a secret may stand: as token, user, password, and as what signs events. */
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

let dir: string;
let charts: Charts;
let host: string;
let ca: TestCa;
let client: Certificate;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-rendered-'));
  [charts, ca] = await Promise.all([Charts.copy(), createTestCa(join(dir, 'ca'))]);
  [host, client] = await Promise.all([charts.host(), ca.issue({ name: 'gateway', client: true })]);
});

afterAll(async () => {
  await charts.remove();
  rmSync(dir, { recursive: true, force: true });
});

/** The pod with the gateway: its own, or that of a host. */
async function render(values: Values, release?: string): Promise<Site> {
  const isSidecar = values.mode === 'sidecar';
  const manifests = isSidecar
    ? await charts.render(host, { 'tmf-hub-gateway': values }, release)
    : await charts.render(charts.gateway, values, release);
  return siteOf(manifests);
}

/** What the gateway of a pod makes of what it gets to see. */
function load(site: Site): Config {
  const file = join(dir, 'gateway.yaml');
  writeFileSync(file, withFiles(site));
  const loaded = loadConfig({ file, env: environmentOf(site.container, secretFor) });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function secretFor(variable: string): string {
  return variable.includes('URL') ? `amqps://user:${SECRET.slice(6, 20)}@rabbitmq.example:5671` : SECRET;
}

/** In the place of every path of a certificate or key, which must be mounted, that of a real one. */
function withFiles(site: Site): string {
  const document = parseDocument(site.file);
  const files: Readonly<Record<string, string>> = { ca: ca.ca, cert: client.cert, key: client.key };
  visit(document, {
    Pair(_, pair, ancestors) {
      const place = nameOf(pair);
      const isFile = ancestors.filter(isPair).map(nameOf).at(-1) === 'tls' && place in files;
      if (!isFile || !isScalar(pair.value)) return;
      expect(volumeAt(site, String(pair.value.value)).inside).toMatch(/^[\w.-]+$/);
      pair.value.value = files[place];
    },
  });
  return document.toString();
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

test('there is a matrix', () => expect(sets.length).toBeGreaterThanOrEqual(12));

test.each(sets)('%s: the gateway takes the configuration, at the ports of its container', async (name) => {
  const site = await render(valuesOf(name) ?? {});
  const config = load(site);
  const ports = site.container.ports?.map(({ containerPort }) => containerPort);
  expect(ports).toEqual([config.server.port, config.admin.port]);
  expect(volumeAt(site, `${config.data.dir}/registry.db`).inside).toBe('registry.db');
});

const KAFKA = {
  broker: 'kafka',
  kafka: { brokers: ['kafka:9092'] },
  redis: { enabled: true, url: 'redis://r' },
};

test('a gateway is called as its release, or as the values say', async () => {
  expect(load(await render({}, 'orders')).name).toBe('orders');
  expect(load(await render({ config: { name: 'events' } }, 'orders')).name).toBe('events');
});

test('what the values say in config goes before what the chart takes for granted, not before what it knows', async () => {
  const said = { callbacks: { allow: ['10.0.0.0/8'] }, server: { publicUrl: 'https://hub.example' } };
  const ingress = { enabled: true, hosts: [{ host: 'other.example' }] };
  const { callbacks, server } = load(await render({ ...KAFKA, ingress, config: said }));
  expect(callbacks.allow).toEqual(['10.0.0.0/8']);
  expect(server).toMatchObject({ publicUrl: 'https://hub.example', port: 8080, host: '0.0.0.0' });
});

describe('the checksum, by which pods are made anew,', () => {
  const checksum = async (values: Values) => (await render(values)).annotations['checksum/config'];

  test.each<[string, Values]>([
    ['a setting', { config: { log: { level: 'debug' } } }],
    ['a subscription', { subscriptions: [{ callback: 'http://billing.svc/' }] }],
    ['a server', { kafka: { brokers: ['other:9092'] } }],
    ['a port', { ports: { admin: 9081 } }],
  ])('follows %s', async (_, change) => {
    expect(await checksum({ ...KAFKA, ...change })).not.toBe(await checksum(KAFKA));
  });

  test.each<[string, Values]>([
    ['resources', { resources: { requests: { cpu: '1' } } }],
    ['replicas', { replicaCount: 3 }],
    ['labels', { commonLabels: { team: 'bss' } }],
  ])('does not follow %s', async (_, change) => {
    expect(await checksum({ ...KAFKA, ...change })).toBe(await checksum(KAFKA));
  });
});

describe('a secret has no place in the values:', () => {
  const SPOKEN = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const PASSWORD = 'hush-hush';
  const source = (kind: 'kafka' | 'rabbitmq', settings: object) => ({
    config: { sources: [{ name: 'a', broker: kind, [kind]: settings }] },
  });

  test.each<[place: string, values: object]>([
    ['/subscriptions/0/secret', { subscriptions: [{ callback: 'http://billing.svc/', secret: SPOKEN }] }],
    ['/admin/token', { admin: { token: SPOKEN } }],
    ['/config', { config: { admin: { token: SPOKEN } } }],
    ['/kafka/sasl', { kafka: { sasl: { mechanism: 'plain', password: PASSWORD } } }],
    ['/rabbitmq/url', { rabbitmq: { url: `amqps://user:${PASSWORD}@rabbitmq` } }],
    ['/rabbitmq/credentials', { rabbitmq: { credentials: { password: PASSWORD } } }],
    ['/redis/url', { redis: { enabled: true, url: `redis://:${PASSWORD}@redis` } }],
    ['/secretEnv/0', { secretEnv: [{ name: 'A', secretName: 'b', key: 'c', value: PASSWORD }] }],
    ['/config/sources/0/kafka/sasl/password', source('kafka', { sasl: { password: PASSWORD } })],
    ['/config/sources/0/rabbitmq/url', source('rabbitmq', { url: `amqp://user:${PASSWORD}@rabbitmq` })],
  ])('%s', async (place, values) => {
    const refused = charts.render(charts.gateway, values);
    await expect(refused).rejects.toThrow(/values don't meet the specifications/);
    await expect(refused).rejects.toThrow(`at '${place}'`);
  });
});
