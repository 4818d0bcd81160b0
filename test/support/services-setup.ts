/**
 * Brokers that a whole run of tests shares. They live with the run's main process, which outlives every worker; a
 * worker that needs one asks here, the first one waits for its start, and a run that needs none starts none.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KafkaCluster } from '../../scripts/services/kafka.ts';

const run = globalThis as { stopSharedServices?: () => Promise<void> };

export default async function setUp(): Promise<void> {
  let kafka: Promise<KafkaCluster> | undefined;
  const server = createServer((request, response) => {
    if (request.url !== '/kafka') return void response.writeHead(404).end();
    // Loaded only now: most runs do without.
    kafka ??= import('../../scripts/services/kafka.ts').then(({ startKafka, CALM }) =>
      startKafka({ properties: CALM }),
    );
    void answer(response, kafka);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  process.env['TMF_HUB_TEST_SERVICES'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  run.stopSharedServices = async () => {
    server.close();
    await (await kafka?.catch(() => undefined))?.stop();
  };
}

/** A start that failed stays failed for the run: the others need not wait for it again. */
async function answer(response: ServerResponse, kafka: Promise<KafkaCluster>): Promise<void> {
  try {
    response.end(JSON.stringify({ brokers: (await kafka).brokers }));
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  }
}
