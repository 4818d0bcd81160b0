/** Whole gateways before a Redis that wants TLS, certificates and passwords, and gets the right ones or not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { gotBy, hubOf, listed, PACE, publish, register, send } from '../e2e/broker-site.ts';
import { TestListener, until } from '../support/listener.ts';
import { RefusedGateway } from '../support/refused-gateway.ts';
import { createTestCa, type Certificate, type TestCa } from '../support/test-ca.ts';
import { TlsFront, type Behind } from '../support/tls-front.ts';

const LIMIT_MS = 90_000;
const USER = 'gate/way';
const PASSWORD = 'p@ss:w/rd%';
/** The name in the server's own certificate. */
const HOST = 'redis.test';
/** All that the registry of a gateway with the name `hub` needs. */
const RIGHTS = '+@connection +eval +@hash +@sortedset +@stream +@keyspace -@dangerous'.split(' ');
const REFUSED = 'refuses the user name or the password (redis.username, redis.password): WRONGPASS';
const LACKS = 'does not let this user have all that the registry needs (NOPERM):';
const EXPIRED = 'shows a certificate that has expired';

let folder: string;
let dir: string;
let ca: TestCa;
let client: Certificate;
let good: Certificate;
let expired: Certificate;
let redis: Redis;
let plain: number;
let admin: ReturnType<typeof createClient>;
let front: TlsFront;
let listener: TestListener;
let gateway: RefusedGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tmf-hub-redis-security-'));
  ca = await createTestCa(join(folder, 'ca'));
  client = await ca.issue({ name: 'gateway', client: true });
  good = await ca.issue({ name: 'good' });
  expired = await ca.issue({ name: 'expired', expired: true });
  const own = await ca.issue({ name: 'server', hosts: [HOST] });
  redis = await startRedis({ tls: { ...own, clientCa: ca.ca } });
  plain = Number(new URL(redis.url).port);
  admin = createClient({ url: redis.url });
  await admin.connect();
}, 60_000);

afterAll(async () => {
  admin.destroy();
  await redis.end();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  dir = mkdtempSync(join(folder, 'data-'));
  listener = await TestListener.start();
  front = await TlsFront.before({ port: plain });
  await admin.flushAll();
  await user('reset', 'on', `>${PASSWORD}`, '~{hub}:*', ...RIGHTS);
});

afterEach(async () => {
  await gateway.process.kill();
  await front.close();
  await listener.stop();
});

async function user(...rules: string[]): Promise<void> {
  await admin.sendCommand(['ACL', 'SETUSER', USER, ...rules]);
}

/** With events on its own disk, so that only Redis can be away. */
function launch(scheme: string, redisSettings: Readonly<Record<string, string>>): Promise<RefusedGateway> {
  const own = Object.entries(redisSettings).map(([name, value]) => [`TMF_HUB_REDIS_${name}`, value]);
  return RefusedGateway.launch(dir, {
    ...PACE,
    TMF_HUB_NAME: 'hub',
    TMF_HUB_REDIS_URL: address(scheme),
    ...(Object.fromEntries(own) as Record<string, string>),
  });
}

const address = (scheme: string): string => `${scheme}://127.0.0.1:${front.port}`;

async function expectDelivery(eventId: string): Promise<void> {
  await publish(gateway.process, eventId);
  await until(() => gotBy(listener).includes(eventId), `the event ${eventId}`);
}

/** Until readiness gives the sentence, and then some attempts more. Resolves with the whole of it. */
function refusal(
  scheme: string,
  sentence: string,
  attempts: () => number | Promise<number> = () => front.taken,
): Promise<string> {
  return gateway.untilRefused('registry', `Redis at ${address(scheme)} ${sentence}`, attempts);
}

/** Redis was asked something and refused it, over connections that stay. */
async function refusals(): Promise<number> {
  const stats = await admin.info('errorstats');
  return [...stats.matchAll(/errorstat_\w+:count=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

test(
  'TLS with certificates on both sides, a server name and a password of special characters; refused later, it comes back',
  async () => {
    front.become({ port: redis.tlsPort! });
    gateway = await launch('rediss', {
      ...{ USERNAME: USER, PASSWORD, TLS_CA: ca.ca, TLS_SERVERNAME: HOST },
      ...{ TLS_CERT: client.cert, TLS_KEY: client.key },
    });
    await gateway.untilReady();
    const id = await register(gateway.process, `${listener.url}/cb`);
    await expectDelivery('e1');
    expect(await admin.hGet(`{hub}:subscription:${id}`, 'version')).not.toBeNull();

    await user('resetpass', '>els3/where');
    front.drop();
    const refused = await refusal('rediss', REFUSED);
    const late = { callback: `${listener.url}/late`, query: '' };
    expect((await send('POST', hubOf(gateway.process), late)).status).toBe(503);
    await expectDelivery('e2');
    await user('resetpass', `>${PASSWORD}`);
    await gateway.untilReady();

    front.become({ port: plain, certificate: await ca.issue({ name: 'old', hosts: [HOST], expired: true }) });
    const old = await refusal('rediss', EXPIRED);
    await expectDelivery('e3');
    front.become({ port: plain, certificate: await ca.issue({ name: 'new', hosts: [HOST] }) });
    await gateway.untilReady();
    const made = await send('POST', hubOf(gateway.process), late);
    expect(made.status).toBe(201);
    expect(await listed(gateway.process)).toHaveLength(2);
    expect([refused, old].map((reason) => gateway.complaints(reason))).toEqual([1, 1]);
    gateway.expectDiscretion([PASSWORD]);
  },
  LIMIT_MS,
);

/** What one gateway, which has no certificate of its own, meets at one address, one after the other. */
const MEETINGS: readonly (readonly [string, () => Promise<Behind>])[] = [
  [
    'shows a certificate that no trusted authority has signed (redis.tls.ca says which ones are trusted)',
    async () => {
      const other = await createTestCa(join(folder, 'other'));
      return { port: plain, certificate: await other.issue({ name: 'server' }) };
    },
  ],
  [EXPIRED, async () => ({ port: plain, certificate: expired })],
  [
    'shows a certificate for another host name (redis.tls.serverName says which one is meant)',
    async () => ({ port: redis.tlsPort! }),
  ],
  [
    'cannot be reached: no answer to TLS; is that port one without TLS (redis://)?',
    async () => ({ port: plain }),
  ],
  [REFUSED, async () => ({ port: plain, certificate: good })],
];

test(
  'whatever is wrong from the start is said once in a sentence, and mended at the server it is ready by itself',
  async () => {
    await user('resetpass', '>els3/where');
    front.become(await MEETINGS[0]![1]());
    gateway = await launch('rediss', { USERNAME: USER, PASSWORD, TLS_CA: ca.ca });
    const reasons: string[] = [];
    for (const [i, [sentence, behind]] of MEETINGS.entries()) {
      if (i > 0) front.become(await behind());
      reasons.push(await refusal('rediss', sentence));
    }
    await user('resetpass', `>${PASSWORD}`, '-eval');
    reasons.push(await refusal('rediss', `${LACKS} "eval"`, refusals));
    await user('+eval', '-xread');
    reasons.push(await refusal('rediss', `${LACKS} "xread"`, refusals));
    await user('+xread', '-hset');
    reasons.push(await refusal('rediss', `${LACKS} a command of its scripts`, refusals));
    await user('+hset');
    await gateway.untilReady();
    await register(gateway.process, `${listener.url}/cb`);
    await expectDelivery('e1');
    expect(reasons.map((reason) => gateway.complaints(reason))).toEqual(reasons.map(() => 1));
    gateway.expectDiscretion([PASSWORD, 'els3/where']);
  },
  LIMIT_MS,
);

test(
  'a client certificate or a password that is wanted and not given, or a port for TLS taken for a plain one',
  async () => {
    front.become({ port: redis.tlsPort! });
    gateway = await launch('redis', {});
    const reasons = [
      await refusal(
        'redis',
        'cannot be reached: it ends the connection before it has said anything; is that port one for TLS (rediss://)?',
      ),
    ];
    await admin.sendCommand(['ACL', 'SETUSER', 'default', 'resetpass', '>els3/where']);
    front.become({ port: plain });
    reasons.push(await refusal('redis', 'wants a password and was given none (redis.password): NOAUTH'));
    await admin.sendCommand(['ACL', 'SETUSER', 'default', 'nopass']);
    await gateway.untilReady();
    expect(reasons.map((reason) => gateway.complaints(reason))).toEqual([1, 1]);
    await gateway.process.stop();

    front.become({ port: redis.tlsPort! });
    gateway = await launch('rediss', { TLS_CA: ca.ca, TLS_SERVERNAME: HOST });
    const wanted = await refusal(
      'rediss',
      'wants a client certificate that it trusts (redis.tls.cert, redis.tls.key)',
    );
    await admin.configSet('tls-auth-clients', 'no');
    await gateway.untilReady();
    expect(gateway.complaints(wanted)).toBe(1);
    await admin.configSet('tls-auth-clients', 'yes');
    gateway.expectDiscretion([PASSWORD, 'els3/where']);
  },
  LIMIT_MS,
);
