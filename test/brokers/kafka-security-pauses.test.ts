import { readFile } from 'node:fs/promises';
import type { KafkaConnection } from '../../src/brokers/kafka/wire/connection.ts';
import { requests, Wire, type Line, type Node } from '../../src/brokers/kafka/wire/wire.ts';
import { until } from '../support/listener.ts';
import { SimClock } from '../support/sim-clock.ts';
import { OTHER_HOST as serverName, PASSWORD, SecureKafka, USER } from './kafka-secure-site.ts';

/** How often a broker that refuses is tried: connections are counted on the way to it, and the pauses' clock is owned. */

const LINES: readonly Line[] = ['control', 'head', 'publish', 'commit', 'member'];

let kafka: SecureKafka;
let ca: string;
let clock: SimClock;
let wire: Wire;
let node: Node;

beforeAll(async () => {
  kafka = await SecureKafka.start();
  ca = await readFile(kafka.ca.ca, 'utf8');
}, 120_000);
afterAll(async () => kafka.stop());

beforeEach(async () => {
  await kafka.setPassword(PASSWORD);
  kafka.lead('FRONT');
  clock = new SimClock();
});
afterEach(() => wire.close());

function connect(settings: Omit<KafkaConnection, 'brokers' | 'clientId'>): void {
  wire = new Wire({ brokers: [kafka.frontAddress], clientId: 'refused', ...settings }, clock);
  node = wire.bootstrap[0]!;
}

const scram = (password: string) => ({
  tls: { ca },
  sasl: { mechanism: 'scram-sha-256', username: USER, password } as const,
});

const ANSWERED = 'answered';

async function ask(line: Line): Promise<string> {
  try {
    await wire.call(line, node, requests.metadata, [], false, false);
    return ANSWERED;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Each line asks at the same time: what each is told, and how many connections were tried for. */
async function askAll(): Promise<{ said: string[]; tries: number }> {
  const before = kafka.front.accepted;
  const said = await Promise.all(LINES.map(ask));
  return { said, tries: kafka.front.accepted - before };
}

const about = (what: string) => `Kafka at ${kafka.frontAddress}: ${what}`;
const same = (sentence: string) => LINES.map(() => sentence);
const REFUSED = `it refuses the user ${USER} or the password with scram-sha-256 (kafka.sasl)`;

test.each<[string, string, () => unknown, () => unknown]>([
  ['a password', REFUSED, () => kafka.setPassword('another secret'), () => kafka.setPassword(PASSWORD)],
  [
    'a certificate',
    'it shows a certificate that has expired',
    () => kafka.lead('EXPIRED'),
    () => kafka.lead('FRONT'),
  ],
])(
  'for %s that is refused one line tries, ever less often; once it is mended all do',
  async (_, what, spoil, mend) => {
    await spoil();
    connect(scram(PASSWORD));
    const refused = { said: same(about(what)), tries: 0 };
    expect(await ask('control')).toBe(about(what));
    expect(await askAll()).toEqual(refused);
    await clock.advance(500);
    expect(await askAll()).toEqual({ ...refused, tries: 1 });
    await clock.advance(999);
    expect(await askAll()).toEqual(refused);
    await clock.advance(1);
    expect(await askAll()).toEqual({ ...refused, tries: 1 });
    await mend();
    expect(await askAll()).toEqual(refused);
    await clock.advance(2_000);
    expect(await askAll()).toEqual({ said: [ANSWERED, ...refused.said.slice(1)], tries: 1 });
    expect(await askAll()).toEqual({ said: same(ANSWERED), tries: LINES.length - 1 });

    await spoil();
    kafka.front.drop();
    await until(async () => (await ask('control')) === about(what), 'refused again');
    await clock.advance(500);
    expect((await askAll()).tries).toBe(1);
  },
);

test('a certificate of ours that is refused once the connection is there is not let in meanwhile', async () => {
  kafka.lead('MUTUAL');
  connect({ tls: { ca, serverName } });
  const refusal = about('it wants a client certificate that it trusts (kafka.tls.cert, kafka.tls.key)');
  // Whether the broker's own word for it arrives before the end of the connection is luck.
  await until(async () => (await ask('control')) === refusal, 'the word arrives');
  for (const pause of [500, 1_000]) {
    await clock.advance(pause - 1);
    expect(await askAll()).toEqual({ said: same(refusal), tries: 0 });
    await clock.advance(1);
    expect(await askAll()).toEqual({ said: same(refusal), tries: 1 });
  }
});

test('a connection that works goes on', async () => {
  connect(scram(PASSWORD));
  expect(await ask('control')).toBe(ANSWERED);
  await kafka.setPassword('another secret');
  expect(await ask('publish')).toBe(about(REFUSED));
  const [, ...others] = same(about(REFUSED));
  expect(await askAll()).toEqual({ said: [ANSWERED, ...others], tries: 0 });
});

test('an attempt that gets nowhere lets all try again, and the next refusal pauses for longer', async () => {
  connect(scram('wrong'));
  expect(await ask('control')).toBe(about(REFUSED));
  await clock.advance(500);
  kafka.front.cut();
  expect(await ask('control')).not.toBe(about(REFUSED));
  kafka.front.open();
  expect(await askAll()).toEqual({ said: same(about(REFUSED)), tries: LINES.length });
  await clock.advance(999);
  expect(await askAll()).toEqual({ said: same(about(REFUSED)), tries: 0 });
  await clock.advance(1);
  expect(await askAll()).toEqual({ said: same(about(REFUSED)), tries: 1 });
});
