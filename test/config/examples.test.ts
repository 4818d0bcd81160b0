import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { sourcesOf } from '../../src/config/sources.ts';
import { startGateway } from '../../src/gateway.ts';
import { cert } from '../callbacks/certificate.ts';

const examples = join(import.meta.dirname, '../../config/examples');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What an example says it takes from its surroundings. */
function surroundings(example: string): Record<string, string> {
  if (example !== 'kafka-sasl-tls.yaml') return {};
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, cert);
  return { TMF_HUB_KAFKA_TLS_CA: ca, TMF_HUB_KAFKA_SASL_PASSWORD: 'secret' };
}

function load(example: string) {
  const loaded = loadConfig({ file: join(examples, example), env: surroundings(example) });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

const SOURCES: Record<string, readonly object[]> = {
  'kafka.yaml': [{ name: 'kafka', broker: 'kafka', kafka: { brokers: ['localhost:9092'] } }],
  'kafka-sasl-tls.yaml': [{ name: 'kafka', prefix: 'ordering-hub', kafka: { tls: { enabled: true } } }],
  'rabbitmq.yaml': [
    { name: 'rabbitmq', rabbitmq: { exchanges: ['bss.ordering.events', 'oss.service.events'] } },
  ],
  'kafka-and-rabbitmq.yaml': [
    { name: 'bss', broker: 'kafka', kafka: { brokers: ['localhost:9092'], topics: [] } },
    { name: 'oss', broker: 'rabbitmq', rabbitmq: { url: 'amqp://guest:guest@localhost:5672/' } },
  ],
  'redis-replicas.yaml': [{ name: 'rabbitmq', prefix: 'tmf-hub', rabbitmq: { heartbeat: 15_000 } }],
  'profiles.yaml': [{ name: 'embedded', broker: 'embedded' }],
};

test('there is an expectation of each example', () => {
  expect(Object.keys(SOURCES).toSorted()).toEqual(readdirSync(examples).toSorted());
});

test.each(Object.entries(SOURCES))('%s is a valid configuration with its sources', (example, sources) => {
  expect(sourcesOf(load(example))).toMatchObject(sources);
});

test('redis-replicas.yaml: the registry is shared', () => {
  expect(load('redis-replicas.yaml').redis.url).toBe('redis://localhost:6379/0');
});

test.each(['kafka.yaml', 'rabbitmq.yaml', 'kafka-and-rabbitmq.yaml', 'redis-replicas.yaml', 'profiles.yaml'])(
  '%s: the catalogue and the callback policy take the subscriptions that it declares',
  async (example) => {
    const config = load(example);
    expect(config.subscriptions.length).toBeGreaterThan(0);
    const gateway = await startGateway({
      ...config,
      ...{ broker: 'embedded', sources: [], redis: { tls: {} } },
      data: { dir: mkdtempSync(join(folder, 'data-')) },
      log: { level: 'silent' },
      server: { ...config.server, port: 0, host: '127.0.0.1' },
      admin: { ...config.admin, port: 0 },
    });
    try {
      const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/admin/subscriptions`);
      const { total, items } = (await answer.json()) as { total: number; items: object[] };
      const declared = config.subscriptions.map(({ callback, query }) => ({ callback, query }));
      expect(total).toBe(declared.length);
      expect(items).toEqual(
        expect.arrayContaining(declared.map((one) => expect.objectContaining(one) as unknown)),
      );
    } finally {
      await gateway.stop();
    }
  },
);
