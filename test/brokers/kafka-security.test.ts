import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/services/ports.ts';
import { systemClock as clock } from '../../src/time.ts';
import { gotBy, idsOf, PACE, publish, readiness, register } from '../e2e/broker-site.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';
import { uniqueName } from '../support/kafka.ts';
import { OTHER_HOST, PASSWORD, SecureKafka, SESSION_MS, USER } from './kafka-secure-site.ts';

/** Gateways and a Kafka that lets in only those who show who they are, over TLS; and all that can be wrong with it. */

let kafka: SecureKafka;
let listener: TestListener;
let directory: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  kafka = await SecureKafka.start();
}, 120_000);
afterAll(async () => kafka.stop());

beforeEach(async () => {
  await kafka.setPassword(PASSWORD);
  kafka.lead('FRONT');
  directory = await mkdtemp(join(tmpdir(), 'tmf-hub-kafka-security-'));
  listener = await TestListener.start();
});
afterEach(async () => {
  await gateway.kill();
  await listener.stop();
  await rm(directory, { recursive: true, force: true });
});

type Settings = Readonly<Record<string, string>>;

const scram = (): Settings => ({
  TMF_HUB_KAFKA_BROKERS: kafka.frontAddress,
  TMF_HUB_KAFKA_TLS_ENABLED: 'true',
  TMF_HUB_KAFKA_TLS_CA: kafka.ca.ca,
  TMF_HUB_KAFKA_SASL_MECHANISM: 'scram-sha-256',
  TMF_HUB_KAFKA_SASL_USERNAME: USER,
  TMF_HUB_KAFKA_SASL_PASSWORD: PASSWORD,
});

/** Its admin port answers long before it listens. */
async function launch(settings: Settings): Promise<{ admin: string }> {
  const [adminPort] = await freePorts(1);
  gateway = GatewayProcess.launch(directory, {
    ...{ TMF_HUB_BROKER: 'kafka', TMF_HUB_NAME: uniqueName('secure') },
    ...{ TMF_HUB_CALLBACKS_ALLOW: '127.0.0.0/8', TMF_HUB_ADMIN_PORT: `${adminPort}` },
    ...{ TMF_HUB_LOG_LEVEL: 'info', ...PACE, ...settings },
  });
  return { admin: `http://127.0.0.1:${adminPort}` };
}

async function delivers(eventId: string): Promise<void> {
  await publish(gateway, eventId);
  await until(() => gotBy(listener).includes(eventId), `delivered: ${eventId}`);
}

/** Alive, not ready, and saying why. */
async function away(site: { admin: string }, reason: string): Promise<void> {
  // Nothing answers there at first, and then one that has no parts yet.
  const said = async () => JSON.stringify(await readiness(site).catch(() => ''));
  await until(async () => (await said()).includes(JSON.stringify(reason)), reason);
  const { status, parts } = await readiness(site);
  expect({ status, kafka: parts['kafka'] }).toEqual({ status: 503, kafka: { ok: false, reason } });
  expect((await fetch(`${site.admin}/healthz`)).status).toBe(200);
  const tries = kafka.front.accepted;
  await until(() => kafka.front.accepted >= tries + 2, 'tried again and again');
}

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly reason?: string;
}

/** All it wrote is JSON, so there is no stack trace. */
const lines = (): Line[] => gateway.output.map((line) => JSON.parse(line) as Line);
const reasons = () => lines().flatMap(({ level, reason }) => (level >= 40 && reason ? [reason] : []));
const about = (what: string) => `Kafka at ${kafka.frontAddress}: ${what}`;

const EXPIRED = 'it shows a certificate that has expired';
const STRANGE =
  'it shows a certificate that no trusted authority has signed (kafka.tls.ca says which ones are trusted)';
const ELSEWHERE =
  'it shows a certificate for another host name (kafka.tls.serverName says which one is meant)';
const NO_TLS = 'it ended the connection before TLS began: is there TLS on this port (kafka.tls.enabled)?';
const REFUSED = `it refuses the user ${USER} or the password with scram-sha-256 (kafka.sasl)`;

describe('who is let in gets its events', () => {
  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'with %s, set in the environment',
    async (mechanism) => {
      await launch({
        ...scram(),
        TMF_HUB_KAFKA_BROKERS: kafka.address('SASL'),
        TMF_HUB_KAFKA_SASL_MECHANISM: mechanism,
      });
      await gateway.listening();
      await register(gateway, listener.url);
      await delivers(`with ${mechanism}`);
    },
  );

  test('with a certificate, and brokers of another name, set in the file', async () => {
    const { ca, client } = kafka;
    const tls = `{enabled: true, ca: ${ca.ca}, cert: ${client.cert}, key: ${client.key}, serverName: ${OTHER_HOST}}`;
    const file = join(directory, 'gateway.yaml');
    await writeFile(file, `kafka:\n  brokers: [${kafka.address('MUTUAL')}]\n  tls: ${tls}\n`);
    await launch({ TMF_HUB_CONFIG: file });
    await gateway.listening();
    await register(gateway, listener.url);
    await delivers('with a certificate');
    // No warning of the runtime either.
    expect(lines().filter(({ level }) => level >= 40)).toEqual([]);
  });

  test('on and on, while its sessions end and are renewed', async () => {
    await launch({ ...scram(), TMF_HUB_KAFKA_BROKERS: kafka.address('BRIEF') });
    await gateway.listening();
    await register(gateway, listener.url);
    await delivers('first');
    const written = gateway.output.length;
    const sent: string[] = [];
    // Longer than the first session and the second.
    for (const end = clock.monotonic() + 2.5 * SESSION_MS; clock.monotonic() < end;) {
      sent.push(`renewed-${sent.length}`);
      await publish(gateway, sent.at(-1)!, 'one order');
      expect(await readiness(gateway)).toMatchObject({ ready: true });
    }
    await until(() => idsOf(listener.receipts).length > sent.length, 'all delivered');
    expect(idsOf(listener.receipts)).toEqual(['first', ...sent]);
    expect(gateway.output.slice(written)).toEqual([]);
  });
});

describe('what is wrong is said in one sentence, once, and is over when it is mended', () => {
  test('at the start: certificates, and TLS where there is none', async () => {
    kafka.lead('EXPIRED');
    const site = await launch(scram());
    await away(site, about(EXPIRED));
    kafka.lead('STRANGE');
    await away(site, about(STRANGE));
    kafka.lead('ELSEWHERE');
    await away(site, about(ELSEWHERE));
    kafka.lead('PLAINTEXT');
    await away(site, about(NO_TLS));
    expect(reasons()).toEqual([EXPIRED, STRANGE, ELSEWHERE, NO_TLS].map(about));
    kafka.lead('FRONT');
    await gateway.listening();
    await register(gateway, listener.url);
    await delivers('mended');
    expect(await gateway.stop()).toBe(0);
  });

  test('at the start: a password', async () => {
    await kafka.setPassword('another secret');
    const site = await launch(scram());
    await away(site, about(REFUSED));
    expect(reasons()).toEqual([about(REFUSED)]);
    await kafka.setPassword(PASSWORD);
    await gateway.listening();
    await register(gateway, listener.url);
    await delivers('with the right password');
    expect(JSON.stringify(gateway.output)).not.toContain(PASSWORD);
  });

  test('later: a certificate that runs out, a password that is changed; nothing is lost', async () => {
    const site = await launch(scram());
    await gateway.listening();
    await register(gateway, listener.url);
    await delivers('before');
    kafka.lead('EXPIRED');
    kafka.front.drop();
    await away(site, about(EXPIRED));
    const published = delivers('meanwhile');
    kafka.lead('FRONT');
    await published;
    await until(async () => (await readiness(site)).ready, 'ready again');
    await kafka.setPassword('another secret');
    kafka.front.drop();
    await away(site, about(REFUSED));
    await kafka.setPassword(PASSWORD);
    await until(async () => (await readiness(site)).ready, 'ready once more');
    await delivers('after');
    const said = lines().filter(({ reason = '' }) => [EXPIRED, REFUSED].map(about).includes(reason));
    expect(said.map(({ msg, reason }) => [msg, reason])).toEqual([
      ['kafka.away', about(EXPIRED)],
      ['kafka.away', about(REFUSED)],
    ]);
    expect(await gateway.stop()).toBe(0);
  });
});
