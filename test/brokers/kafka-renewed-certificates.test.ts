/** A gateway that goes on when a Kafka that wants certificates, and its own files, change to another authority. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecuredListener } from '../../scripts/services/kafka-properties.ts';
import { startKafka, type KafkaCluster } from '../../scripts/services/kafka.ts';
import { gotBy, PACE, publish, register } from '../e2e/broker-site.ts';
import { TestListener, until } from '../support/listener.ts';
import { RefusedGateway } from '../support/refused-gateway.ts';
import { Renewal, toldOfFiles, type Signed } from '../support/renewal.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

let folder: string;
let renewal: Renewal;
let kafka: KafkaCluster;
/** Leads to one of the listeners, as if that were the only one. */
let front: TcpProxy;
let listener: TestListener;
let gateway: RefusedGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tmf-hub-kafka-renewed-'));
  renewal = await Renewal.prepare(folder);
  front = await TcpProxy.to({ host: '127.0.0.1', port: 1 });
  kafka = await startKafka({
    secured: [listenerOf('FIRST', renewal.first), listenerOf('SECOND', renewal.second)],
  });
  listener = await TestListener.start();
}, 120_000);

afterAll(async () => {
  await gateway.process.kill();
  await listener.stop();
  await kafka.stop();
  await front.close();
  rmSync(folder, { recursive: true, force: true });
});

function listenerOf(name: string, { ca, server }: Signed): SecuredListener {
  return {
    ...{ name, protocol: 'SSL', advertised: front.port },
    properties: {
      'ssl.client.auth': 'required',
      ...{ 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': server.pair },
      ...{ 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': ca },
    },
  };
}

function become(name: 'FIRST' | 'SECOND'): void {
  front.leadTo({ host: '127.0.0.1', port: kafka.nodes[0]!.securedPorts[name]! });
  front.drop();
}

test('certificates and authority are renewed in the files: it is let in again without a restart', async () => {
  become('FIRST');
  gateway = await RefusedGateway.launch(folder, {
    ...{ ...PACE, TMF_HUB_BROKER: 'kafka', TMF_HUB_KAFKA_TLS_ENABLED: 'true', ...renewal.settings('KAFKA') },
    TMF_HUB_KAFKA_BROKERS: `127.0.0.1:${front.port}`,
  });
  await gateway.untilReady();
  await register(gateway.process, `${listener.url}/cb`);
  await publish(gateway.process, 'e1');
  await until(() => gotBy(listener).includes('e1'), 'the first event');

  become('SECOND');
  await gateway.untilRefused('kafka', /no trusted authority has signed/, () => front.accepted);
  expect(toldOfFiles(gateway)).toEqual([]);

  renewal.renew();
  await gateway.untilReady();
  await publish(gateway.process, 'e2');
  await until(() => gotBy(listener).includes('e2'), 'the second event');
  expect(toldOfFiles(gateway)).toEqual([
    ['tls.files-renewed', ['kafka.tls.ca', 'kafka.tls.cert', 'kafka.tls.key']],
  ]);
}, 90_000);
