/** A gateway that goes on when a RabbitMQ that wants certificates, and its own files, change to another authority. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rabbitmqctl, startRabbitmq, type Rabbitmq } from '../../scripts/services/rabbitmq.ts';
import { gotBy, PACE, publish, register } from '../e2e/broker-site.ts';
import { TestListener, until } from '../support/listener.ts';
import { MountedSecret } from '../support/mounted-secret.ts';
import { RefusedGateway } from '../support/refused-gateway.ts';
import { Renewal, toldOfFiles, type Signed } from '../support/renewal.ts';
import { TlsFront } from '../support/tls-front.ts';

let folder: string;
let renewal: Renewal;
let own: MountedSecret;
let server: Rabbitmq;
let front: TlsFront;
let listener: TestListener;
let gateway: RefusedGateway;

const filesOf = ({ ca, server: { cert, key } }: Signed) => ({ ca, cert, key });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tmf-hub-rabbitmq-renewed-'));
  renewal = await Renewal.prepare(folder);
  own = new MountedSecret(join(folder, 'server'));
  own.replace(filesOf(renewal.first));
  const [cert, key, clientCa] = [own.path('cert'), own.path('key'), own.path('ca')];
  server = await startRabbitmq({ tls: { cert, key, clientCa } });
  front = await TlsFront.before({ port: server.tlsPort! });
  listener = await TestListener.start();
}, 120_000);

afterAll(async () => {
  await gateway.process.kill();
  await listener.stop();
  await front.close();
  await server.end();
  rmSync(folder, { recursive: true, force: true });
});

/** The names in the certificates of those who are connected. */
async function clients(): Promise<string[]> {
  const what = ['list_connections', 'peer_cert_subject', '--no-table-headers'];
  const listed = await rabbitmqctl(server.control, what);
  return listed.trim().split('\n');
}

test('certificates and authority are renewed in the files: it is let in again without a restart', async () => {
  gateway = await RefusedGateway.launch(folder, {
    ...{ ...PACE, TMF_HUB_BROKER: 'rabbitmq', ...renewal.settings('RABBITMQ') },
    TMF_HUB_RABBITMQ_URL: `amqps://guest:guest@127.0.0.1:${front.port}`,
  });
  await gateway.untilReady();
  await register(gateway.process, `${listener.url}/cb`);
  await publish(gateway.process, 'e1');
  await until(() => gotBy(listener).includes('e1'), 'the first event');
  expect(await clients()).toEqual(['CN=first', 'CN=first']);

  own.replace(filesOf(renewal.second));
  await rabbitmqctl(server.control, ['eval', 'ssl:clear_pem_cache().']);
  front.drop();
  await gateway.untilRefused('rabbitmq', /no trusted authority has signed/, () => front.taken);
  expect(toldOfFiles(gateway)).toEqual([]);

  renewal.renew();
  await gateway.untilReady();
  await publish(gateway.process, 'e2');
  await until(() => gotBy(listener).includes('e2'), 'the second event');
  expect(await clients()).toEqual(['CN=second', 'CN=second']);
  expect(toldOfFiles(gateway)).toEqual([
    ['tls.files-renewed', ['rabbitmq.tls.ca', 'rabbitmq.tls.cert', 'rabbitmq.tls.key']],
  ]);
}, 90_000);
