/**
 * Services that a whole run of tests shares. They live with the run's main process, which outlives every worker; a
 * worker that needs one asks here, the first one waits for its start, and a run that needs none starts none.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Shared {
  /** What tests have to know of it. */
  readonly facts: object;
  readonly end: () => Promise<void>;
}

/** Loaded only when they are asked for: most runs do without. */
const STARTS: Readonly<Record<string, () => Promise<Shared>>> = {
  async '/kafka'() {
    const { startKafka, CALM } = await import('../../scripts/services/kafka.ts');
    const cluster = await startKafka({ properties: CALM });
    return { facts: { brokers: cluster.brokers }, end: () => cluster.stop() };
  },
  async '/rabbitmq'() {
    const { startRabbitmq } = await import('../../scripts/services/rabbitmq.ts');
    const server = await startRabbitmq();
    return { facts: { url: server.url, control: server.control }, end: () => server.end() };
  },
};

const run = globalThis as { stopSharedServices?: () => Promise<void> };

export default async function setUp(): Promise<void> {
  const started = new Map<string, Promise<Shared>>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const start = STARTS[path];
    if (!start) return void response.writeHead(404).end();
    const service = started.get(path) ?? start();
    started.set(path, service);
    void answer(response, service);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  process.env['TMF_HUB_TEST_SERVICES'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  run.stopSharedServices = async () => {
    server.close();
    for (const service of started.values()) await (await service.catch(() => undefined))?.end();
  };
}

/** A start that failed stays failed for the run: the others need not wait for it again. */
async function answer(response: ServerResponse, service: Promise<Shared>): Promise<void> {
  try {
    response.end(JSON.stringify((await service).facts));
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  }
}
