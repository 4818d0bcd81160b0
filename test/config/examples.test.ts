import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
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

test.each(readdirSync(examples))('%s is a valid configuration', (example) => {
  expect(load(example).broker).toBe('kafka');
});

test('kafka.yaml: the catalogue and the callback policy take the subscription that it declares', async () => {
  const config = load('kafka.yaml');
  const gateway = await startGateway({
    ...config,
    broker: 'embedded',
    data: { dir: folder },
    log: { level: 'silent' },
    server: { ...config.server, port: 0, host: '127.0.0.1' },
    admin: { ...config.admin, port: 0 },
  });
  try {
    const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/admin/subscriptions`);
    const declared = config.subscriptions.map(({ callback, query }) => ({ callback, query }));
    expect(await answer.json()).toMatchObject({ total: 1, items: declared });
  } finally {
    await gateway.stop();
  }
});
