/** A gateway that goes on when a Redis that wants certificates, and its own files, change to another authority. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { listed, PACE, register } from '../e2e/broker-site.ts';
import { RefusedGateway } from '../support/refused-gateway.ts';
import { Renewal, toldOfFiles } from '../support/renewal.ts';
import { TlsFront } from '../support/tls-front.ts';

let folder: string;
let renewal: Renewal;
let redis: Redis;
let admin: ReturnType<typeof createClient>;
let front: TlsFront;
let gateway: RefusedGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tmf-hub-redis-renewed-'));
  renewal = await Renewal.prepare(folder);
  const { ca, server } = renewal.first;
  redis = await startRedis({ tls: { ...server, clientCa: ca } });
  admin = createClient({ url: redis.url });
  await admin.connect();
  front = await TlsFront.before({ port: redis.tlsPort! });
}, 60_000);

afterAll(async () => {
  await gateway.process.kill();
  await front.close();
  admin.destroy();
  await redis.end();
  rmSync(folder, { recursive: true, force: true });
});

test('certificates and authority are renewed in the files: it is let in again without a restart', async () => {
  gateway = await RefusedGateway.launch(folder, {
    ...{ ...PACE, ...renewal.settings('REDIS'), TMF_HUB_REDIS_URL: `rediss://127.0.0.1:${front.port}` },
  });
  await gateway.untilReady();
  const first = await register(gateway.process, 'http://127.0.0.1:9/first');

  const { ca, server } = renewal.second;
  await admin.configSet({
    ...{ 'tls-cert-file': server.cert, 'tls-key-file': server.key, 'tls-ca-cert-file': ca },
  });
  front.drop();
  await gateway.untilRefused('registry', /no trusted authority has signed/, () => front.taken);
  expect(toldOfFiles(gateway)).toEqual([]);

  renewal.renew();
  await gateway.untilReady();
  const second = await register(gateway.process, 'http://127.0.0.1:9/second');
  expect(new Set(await listed(gateway.process))).toEqual(new Set([first, second]));
  expect(toldOfFiles(gateway)).toEqual([
    ['tls.files-renewed', ['redis.tls.ca', 'redis.tls.cert', 'redis.tls.key']],
  ]);
}, 90_000);
