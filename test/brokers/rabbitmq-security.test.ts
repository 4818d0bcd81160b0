/** Whole gateways before a RabbitMQ that wants TLS, certificates and passwords, and gets the right ones or not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rabbitmqctl, startRabbitmq, type Rabbitmq } from '../../scripts/services/rabbitmq.ts';
import { API, eventOf, gotBy, PACE, publish, register, send } from '../e2e/broker-site.ts';
import { TestListener, until } from '../support/listener.ts';
import { RefusedGateway } from '../support/refused-gateway.ts';
import { createTestCa, type Certificate, type TestCa } from '../support/test-ca.ts';
import { TlsFront, type Behind } from '../support/tls-front.ts';

const LIMIT_MS = 90_000;
const USER = 'gate/way';
const PASSWORD = 'p@ss:w/rd%';
/** The name in the server's own certificate. */
const HOST = 'rabbitmq.test';

let folder: string;
let ca: TestCa;
let client: Certificate;
let server: Rabbitmq;
let plain: number;
let listener: TestListener;
let gateway: RefusedGateway;
let fronts: TlsFront[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tmf-hub-rabbitmq-security-'));
  ca = await createTestCa(join(folder, 'ca'));
  client = await ca.issue({ name: 'gateway', client: true });
  const own = await ca.issue({ name: 'server', hosts: [HOST] });
  server = await startRabbitmq({ tls: { ...own, clientCa: ca.ca } });
  plain = Number(new URL(server.url).port);
  await ctl('add_user', USER, PASSWORD);
  await ctl('set_permissions', USER, '.*', '.*', '.*');
}, 120_000);

afterAll(async () => {
  await server.end();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => void (listener = await TestListener.start()));

afterEach(async () => {
  await gateway.process.kill();
  for (const front of fronts) await front.close();
  fronts = [];
  await listener.stop();
});

const ctl = (...args: string[]): Promise<string> => rabbitmqctl(server.control, args);

async function frontOf(behind: Behind): Promise<TlsFront> {
  const front = await TlsFront.before(behind);
  fronts.push(front);
  return front;
}

const addressOf = (port: number, scheme = 'amqps'): string => `${scheme}://127.0.0.1:${port}`;

/** Registers a listener, and holds the gateway to delivering to it from then on. */
async function expectDelivery(): Promise<void> {
  await register(gateway.process, `${listener.url}/cb`);
  await publish(gateway.process, 'e1');
  await until(() => gotBy(listener).includes('e1'), 'the event');
}

/** An event that cannot be made durable now: answered and logged, and `expectDiscretion` looks at what is logged. */
async function expectNotTaken(eventId: string): Promise<void> {
  const { status, json } = await send('POST', `${gateway.process.url}${API}/event`, eventOf(eventId));
  expect({ status, json }).toEqual({ status: 503, json: expect.anything() as unknown });
  for (const form of [USER, PASSWORD, encodeURIComponent(PASSWORD)])
    expect(JSON.stringify(json)).not.toContain(form);
  const told = () => gateway.process.output.filter((line) => line.includes('"publish.failed"'));
  await until(() => told().length > 0, 'the line of the log');
  expect(told()).toHaveLength(1);
}

test(
  'TLS with certificates on both sides, a server name and a password of special characters; refused later, it comes back',
  async () => {
    const front = await frontOf({ port: server.tlsPort! });
    gateway = await RefusedGateway.launch(folder, {
      ...PACE,
      TMF_HUB_BROKER: 'rabbitmq',
      TMF_HUB_NAME: 'good',
      TMF_HUB_RABBITMQ_URL: addressOf(front.port),
      TMF_HUB_RABBITMQ_USERNAME: USER,
      TMF_HUB_RABBITMQ_PASSWORD: PASSWORD,
      TMF_HUB_RABBITMQ_TLS_CA: ca.ca,
      TMF_HUB_RABBITMQ_TLS_CERT: client.cert,
      TMF_HUB_RABBITMQ_TLS_KEY: client.key,
      TMF_HUB_RABBITMQ_TLS_SERVERNAME: HOST,
      TMF_HUB_RABBITMQ_PUBLISHTIMEOUT: '3s',
    });
    await gateway.untilReady();
    await expectDelivery();
    const connections = await ctl(
      'list_connections',
      'user',
      'ssl',
      'peer_cert_subject',
      '--no-table-headers',
    );
    expect(connections.trim().split('\n')).toEqual(Array(2).fill(`${USER}\ttrue\tCN=gateway`));

    await ctl('change_password', USER, 'another');
    front.drop();
    const refused = await gateway.untilRefused(
      'rabbitmq',
      /^RabbitMQ at amqps:.* password/,
      () => front.taken,
    );
    await expectNotTaken('refused');
    await ctl('change_password', USER, PASSWORD);
    await gateway.untilReady();
    await publish(gateway.process, 'e2');
    await until(() => gotBy(listener).includes('e2'), 'an event after it');

    front.become({ port: plain, certificate: await ca.issue({ name: 'old', hosts: [HOST], expired: true }) });
    const expired = await gateway.untilRefused('rabbitmq', /certificate that has expired/, () => front.taken);
    front.become({ port: plain, certificate: await ca.issue({ name: 'new', hosts: [HOST] }) });
    await gateway.untilReady();
    expect([refused, expired].map((reason) => gateway.complaints(reason))).toEqual([1, 1]);
    gateway.expectDiscretion([PASSWORD]);
  },
  LIMIT_MS,
);

interface Trouble {
  /** Of the source. */
  readonly name: string;
  readonly scheme?: 'amqp';
  readonly password?: string;
  /** What it sees first. */
  readonly behind: () => Promise<Behind>;
  /** What it says of that, after the name of the server. */
  readonly sentence: string;
}

const TROUBLES: readonly Trouble[] = [
  {
    name: 'wrong-ca',
    behind: async () => {
      const other = await createTestCa(join(folder, 'other'));
      return { port: plain, certificate: await other.issue({ name: 'server' }) };
    },
    sentence:
      'shows a certificate that no trusted authority has signed (rabbitmq.tls.ca says which ones are trusted)',
  },
  {
    name: 'expired',
    behind: async () => ({ port: plain, certificate: await ca.issue({ name: 'expired', expired: true }) }),
    sentence: 'shows a certificate that has expired',
  },
  {
    name: 'other-host',
    behind: async () => ({ port: server.tlsPort! }),
    sentence: 'shows a certificate for another host name (rabbitmq.tls.serverName says which one is meant)',
  },
  {
    name: 'plain-port',
    behind: async () => ({ port: plain }),
    sentence: 'does not speak TLS at this port',
  },
  {
    name: 'tls-port',
    scheme: 'amqp',
    behind: async () => ({ port: server.tlsPort! }),
    sentence:
      'cannot be reached: it ends the connection before it has said anything; is that port one for TLS (amqps)?',
  },
  {
    name: 'wrong-password',
    password: 'not/it%',
    behind: async () => ({ port: plain, certificate: await ca.issue({ name: 'fine' }) }),
    sentence: 'refuses the user name or the password (rabbitmq.username, rabbitmq.password)',
  },
  // Refused as the gateway has none: the name is right this time.
  {
    name: 'no-certificate',
    behind: async () => ({ port: server.tlsPort! }),
    sentence: 'wants a client certificate that it trusts (rabbitmq.tls.cert, rabbitmq.tls.key)',
  },
];

function sourceOf({ name, scheme, password = PASSWORD }: Trouble, { port }: TlsFront): object {
  const ownName = name === 'no-certificate' && { serverName: HOST };
  return {
    name,
    prefix: name,
    broker: 'rabbitmq',
    rabbitmq: {
      ...{ url: addressOf(port, scheme), username: USER, password },
      ...(scheme !== 'amqp' && { tls: { ca: ca.ca, ...ownName } }),
    },
  };
}

test(
  'whatever is wrong from the start is said once in a sentence, and mended at the server it is ready by itself',
  async () => {
    const at = await Promise.all(TROUBLES.map(async ({ behind }) => frontOf(await behind())));
    const file = join(folder, 'troubles.yaml');
    writeFileSync(file, JSON.stringify({ sources: TROUBLES.map((trouble, i) => sourceOf(trouble, at[i]!)) }));
    gateway = await RefusedGateway.launch(folder, { ...PACE, TMF_HUB_CONFIG: file });
    const reasons = TROUBLES.map(
      ({ scheme, sentence }, i) => `RabbitMQ at ${addressOf(at[i]!.port, scheme)} ${sentence}`,
    );
    const seen = TROUBLES.map(({ name }, i) =>
      gateway.untilRefused(name, /^RabbitMQ at /, () => at[i]!.taken),
    );
    expect(await Promise.all(seen)).toEqual(reasons);
    expect(reasons.map((reason) => gateway.complaints(reason))).toEqual(reasons.map(() => 1));

    await ctl('change_password', USER, 'not/it%');
    await gateway.untilWell('wrong-password');
    await ctl('change_password', USER, PASSWORD);
    for (const [i, { name, scheme }] of TROUBLES.entries()) {
      if (name === 'wrong-password') continue;
      const certificate = await ca.issue({ name: `new-${name}`, hosts: ['127.0.0.1', HOST] });
      at[i]!.become({ port: plain, ...(scheme !== 'amqp' && { certificate }) });
    }
    await gateway.untilReady();
    expect(reasons.map((reason) => gateway.complaints(reason))).toEqual(reasons.map(() => 1));
    gateway.expectDiscretion([PASSWORD, 'not/it%']);
  },
  LIMIT_MS,
);

/** Of a gateway's tables: each is asked for until it is there. */
const STREAMS = 2;

/** How often RabbitMQ said so to anybody. */
async function denials(): Promise<number> {
  const folder = join(server.directory, 'log');
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const texts = await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.join('').split('access_refused').length - 1;
}

test(
  'a user that may connect and nothing else: said once, and with rights it is ready by itself',
  async () => {
    await ctl('add_user', 'poor', PASSWORD);
    await ctl('set_permissions', 'poor', '^$', '^$', '^$');
    gateway = await RefusedGateway.launch(folder, {
      ...{ TMF_HUB_NAME: 'poor', TMF_HUB_BROKER: 'rabbitmq', TMF_HUB_RABBITMQ_URL: addressOf(plain, 'amqp') },
      ...{ TMF_HUB_RABBITMQ_USERNAME: 'poor', TMF_HUB_RABBITMQ_PASSWORD: PASSWORD },
    });
    const refusal = /^RabbitMQ refuses: ACCESS_REFUSED - access to .* in vhost '\/' refused$/;
    const reason = await gateway.untilRefused('rabbitmq', refusal, async () => (await denials()) / STREAMS);
    expect(gateway.complaints(reason)).toBe(1);
    await ctl('set_permissions', 'poor', '.*', '.*', '.*');
    await gateway.untilReady();
    expect(gateway.complaints(reason)).toBe(1);
    gateway.expectDiscretion([PASSWORD]);
  },
  LIMIT_MS,
);
