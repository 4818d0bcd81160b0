import { startKafka, type KafkaCluster } from '../../scripts/services/kafka.ts';
import { PublishRefused } from '../../src/brokers/broker.ts';
import type { Publisher } from '../../src/brokers/kafka/publishing/publisher.ts';
import { uniqueName } from '../support/kafka.ts';
import { until } from '../sqlite/until.ts';
import { PublisherSite, bytes, refusal } from './kafka-publisher-site.ts';

let cluster: KafkaCluster;
let site: PublisherSite;
afterEach(async () => {
  await site.close();
  await cluster.stop();
}, 60_000);

async function begin(nodes: 1 | 3): Promise<void> {
  cluster = await startKafka({ nodes });
  site = new PublisherSite(cluster.brokers);
}

const isAccepted = (publishing: Promise<unknown>): Promise<boolean> =>
  publishing.then(
    () => true,
    () => false,
  );

/** Callers that publish one record after the other, each with a key of its own, until they are told to end. */
class Callers {
  readonly accepted: { key: string; n: number; partition: number; offset: number }[] = [];
  readonly refused: string[] = [];
  slowestMs = 0;
  readonly #publisher: Publisher;
  readonly #topic: string;
  readonly #running: Promise<void>;
  #ended = false;

  constructor(publisher: Publisher, topic: string, count: number) {
    this.#publisher = publisher;
    this.#topic = topic;
    this.#running = Promise.all([...Array(count).keys()].map((c) => this.#call(`caller-${c}`))).then(
      () => undefined,
    );
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  /** A record that was refused is not published again, so that each may be there once at most. */
  async #call(key: string): Promise<void> {
    for (let n = 0; !this.#ended; n++) {
      const began = performance.now();
      try {
        const record = { topic: this.#topic, key, value: bytes(`${n}`), headers: {} };
        const { partition, offset } = await this.#publisher.publish(record);
        this.accepted.push({ key, n, partition, offset });
      } catch (error) {
        if (!(error instanceof PublishRefused)) throw error;
        this.refused.push(error.message);
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
    }
  }
}

/** What is wrong with the log, seen by those who were told that they are in it. */
async function faultsIn(topic: string, { accepted }: Callers): Promise<string[]> {
  const log = await site.readAll(topic);
  const faults: string[] = [];
  for (const { key, n, partition, offset } of accepted) {
    const found = log[partition]?.[offset];
    const there = found
      ? [found.key, found.value].map((text) => Buffer.from(text!).toString()).join(' ')
      : 'nothing';
    if (there !== `${key} ${n}`) faults.push(`${key} ${n} was accepted, and at its place is ${there}`);
  }
  for (const records of log) {
    const last = new Map<string, number>();
    for (const record of records) {
      const [key, n] = [Buffer.from(record.key!).toString(), Number(Buffer.from(record.value!).toString())];
      if (n <= (last.get(key) ?? -1)) faults.push(`${key} ${n} after ${last.get(key)}`);
      last.set(key, n);
    }
  }
  return faults;
}

test('a broker is killed and comes back: callers wait, and nothing is lost, doubled or out of order', async () => {
  await begin(1);
  const topic = uniqueName('killed');
  const publisher = site.publisher(undefined, { waitMs: 60_000 });
  const callers = new Callers(publisher, topic, 8);
  await until(() => callers.accepted.length > 500);
  await cluster.nodes[0]!.kill();
  await until(() => !publisher.health().ok);
  const before = callers.accepted.length;
  await cluster.nodes[0]!.start();
  await until(() => callers.accepted.length > before + 500);
  await until(() => publisher.health().ok);
  await callers.end();
  expect(await faultsIn(topic, callers)).toEqual([]);
  expect(callers.refused).toEqual([]);
}, 120_000);

test('a broker is away: callers are refused in time, and served as soon as it is back', async () => {
  await begin(1);
  const topic = uniqueName('away');
  const publisher = site.publisher(undefined, { waitMs: 1_000 });
  const record = { topic, key: 'k', value: bytes('x'), headers: {} };
  // A broker that has just started is not ready for producers yet.
  await until(() => isAccepted(publisher.publish(record)));
  await cluster.nodes[0]!.kill();
  const began = performance.now();
  const refused = await refusal(publisher.publish(record));
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(refused.message).toMatch('Kafka did not confirm it within 1000 ms (');
  expect(publisher.health()).toMatchObject({ ok: false });
  const unknown = await refusal(publisher.publish({ ...record, topic: uniqueName('new') }));
  expect(unknown.message).toMatch(/Kafka at 127\.0\.0\.1:\d+: \w/);
  await cluster.nodes[0]!.start();
  await until(() => publisher.health().ok);
  await until(() => isAccepted(publisher.publish(record)));
}, 120_000);

test('a publisher that starts before its broker serves as soon as that is there', async () => {
  await begin(1);
  await cluster.nodes[0]!.kill();
  const publisher = site.publisher(undefined, { waitMs: 60_000 });
  const sent = publisher.publish({ topic: uniqueName('early'), key: 'k', value: bytes('x'), headers: {} });
  await until(() => !publisher.health().ok);
  await cluster.nodes[0]!.start();
  await expect(sent).resolves.toMatchObject({ offset: 0 });
}, 120_000);

test('a broker is frozen: callers are refused in time, and what it finds when it wakes is in order', async () => {
  await begin(1);
  const topic = uniqueName('frozen');
  const publisher = site.publisher(undefined, { waitMs: 2_000 });
  const callers = new Callers(publisher, topic, 8);
  await until(() => callers.accepted.length > 500);
  cluster.nodes[0]!.freeze();
  await until(() => callers.refused.length >= 24);
  cluster.nodes[0]!.thaw();
  const before = callers.accepted.length;
  await until(() => callers.accepted.length > before + 500);
  await callers.end();
  expect(await faultsIn(topic, callers)).toEqual([]);
  expect(callers.slowestMs).toBeLessThan(5_000);
}, 120_000);

test('a leader of three is killed: its partitions go on with another, and nothing is lost, doubled or out of order', async () => {
  await begin(3);
  const topic = uniqueName('three');
  const publisher = site.publisher({ partitions: 6, replicationFactor: 3 }, { waitMs: 60_000 });
  const callers = new Callers(publisher, topic, 12);
  await until(() => callers.accepted.length > 500);
  await cluster.nodes[1]!.kill();
  const marks = [...Array(12).keys()].map(
    (c) => callers.accepted.findLast(({ key }) => key === `caller-${c}`)?.n ?? 0,
  );
  await until(() =>
    marks.every(
      (mark, c) => (callers.accepted.findLast(({ key }) => key === `caller-${c}`)?.n ?? 0) > mark + 50,
    ),
  );
  await callers.end();
  expect(await faultsIn(topic, callers)).toEqual([]);
  expect(callers.refused).toEqual([]);
}, 180_000);
