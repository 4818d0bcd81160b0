import type { API } from '@platformatic/kafka';
import { Appends } from '../../src/brokers/kafka/publishing/appends.ts';
import type { Batch } from '../../src/brokers/kafka/publishing/batch-lane.ts';
import type { Answer } from '../../src/brokers/kafka/publishing/micro-batcher.ts';
import {
  produce,
  type KafkaNewRecord,
  type SequencedBatch,
} from '../../src/brokers/kafka/publishing/produce-request.ts';
import { Wire, type Line, type Node } from '../../src/brokers/kafka/wire/wire.ts';
import { systemClock } from '../../src/time.ts';
import { until } from '../sqlite/until.ts';
import { sharedKafka, uniqueName } from '../support/kafka.ts';
import { PublisherSite, bytes } from './kafka-publisher-site.ts';

/** What happens to the next append: its answer is lost on the way back, or it does not get there. */
type Mishap = 'answer lost' | 'not sent';

class UnreliableWire extends Wire {
  readonly mishaps: Mishap[] = [];
  /** Appends as they were sent, or would have been. */
  readonly sent: SequencedBatch[] = [];

  override async call<Args extends unknown[], Answer>(
    line: Line,
    node: Node,
    api: API<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    if (api.key !== produce.key) return super.call(line, node, api, ...args);
    this.sent.push(...(args[0] as SequencedBatch[]));
    const mishap = this.mishaps.shift();
    const answer = mishap === 'not sent' ? undefined : await super.call(line, node, api, ...args);
    if (answer === undefined || mishap) throw new Error('the connection broke');
    return answer;
  }
}

let site: PublisherSite;
let wire: UnreliableWire;
let appends: Appends;
let node: Node;
let topic: string;

beforeAll(() => sharedKafka(), 120_000);
beforeEach(async () => {
  site = new PublisherSite((await sharedKafka()).brokers);
  wire = new UnreliableWire(site.connection, systemClock);
  appends = new Appends(wire, systemClock);
  topic = uniqueName('appends');
  await site.admin.ensureTopic(topic, { partitions: 2, replicationFactor: 1 });
  node = site.cluster.leaderOf({ topic, partition: 0 })!;
  // A broker that has just started has no producer ids to give yet.
  const first = { ...batch(0), partition: 1 };
  await until(async () => (await append(first)).kind === 'appended');
  wire.sent.length = 0;
});
afterEach(async () => {
  await site.close();
  await wire.close();
});

function batch(...values: number[]): Batch<KafkaNewRecord> {
  const records = values.map((n) => ({ topic, key: 'k', value: bytes(`${n}`), headers: {} }));
  return { topic, partition: 0, records, bytes: 1 };
}

const append = async (one: Batch<KafkaNewRecord>): Promise<Answer> => (await appends.append(node, [one]))[0]!;
const written = async (): Promise<string[]> =>
  (await site.read(topic, 0)).map(({ value }) => Buffer.from(value!).toString());
/** As if a request of the producer came late: with its id and the numbers given. */
const sendAs = async (
  one: Batch<KafkaNewRecord>,
  changes: Partial<SequencedBatch['sequence']>,
): Promise<number> => {
  const sequence = { ...wire.sent[0]!.sequence, ...changes };
  const answer = await site.wire.call('control', node, produce, [{ ...one, sequence }], Date.now(), 4_000);
  return answer.responses[0]!.partitionResponses[0]!.errorCode;
};

test('a batch whose answer was lost is written once, and its true offset is learnt when it is sent again', async () => {
  expect(await append(batch(1, 2))).toEqual({ kind: 'appended', offset: 0 });
  wire.mishaps.push('answer lost', 'not sent');
  const late = batch(3, 4);
  expect(await append(late)).toEqual({ kind: 'again', reason: 'the connection broke' });
  expect(appends.problem).toBe('the connection broke');
  expect(await append(late)).toMatchObject({ kind: 'again' });
  expect(await append(late)).toEqual({ kind: 'appended', offset: 2 });
  expect(await append(batch(5))).toEqual({ kind: 'appended', offset: 4 });
  expect(await written()).toEqual(['1', '2', '3', '4', '5']);
  expect(appends.problem).toBeUndefined();
});

test('of a batch that was given up nothing is taken after a later one', async () => {
  await append(batch(1));
  wire.mishaps.push('not sent');
  const given = batch(2);
  await append(given);
  appends.abandon(given);
  expect(await append(batch(3))).toEqual({ kind: 'appended', offset: 1 });
  const { sequence } = wire.sent[1]!;
  expect(await sendAs(given, sequence)).not.toBe(0);
  expect(await append(batch(4))).toEqual({ kind: 'appended', offset: 2 });
  expect(await written()).toEqual(['1', '3', '4']);
});

test('a batch that was given up, though it was written, does not pass for the next one', async () => {
  await append(batch(1));
  wire.mishaps.push('answer lost');
  const given = batch(2);
  await append(given);
  appends.abandon(given);
  expect(await append(batch(3))).toEqual({ kind: 'appended', offset: 2 });
  expect(await written()).toEqual(['1', '2', '3']);
});

test('where the broker remembers the producer otherwise, a new beginning is made; what may have been written is refused', async () => {
  await append(batch(1));
  await sendAs(batch(2, 3), { first: 1 });
  const next = batch(4);
  expect(await append(next)).toMatchObject({
    kind: 'again',
    reason: `OUT_OF_ORDER_SEQUENCE_NUMBER on partition 0 of ${topic}`,
  });
  expect(await append(next)).toEqual({ kind: 'appended', offset: 3 });
  await sendAs(batch(5, 6), { epoch: 7, first: 0 });
  wire.mishaps.push('not sent');
  const inDoubt = batch(7);
  expect(await append(inDoubt)).toMatchObject({ kind: 'again' });
  expect(await append(inDoubt)).toMatchObject({
    kind: 'refused',
    reason: `INVALID_PRODUCER_EPOCH on partition 0 of ${topic}`,
  });
  const last = batch(8);
  let answer = await append(last);
  for (let tries = 0; answer.kind === 'again' && tries < 10; tries++) answer = await append(last);
  expect(answer).toEqual({ kind: 'appended', offset: 6 });
  expect(await written()).toEqual(['1', '2', '3', '4', '5', '6', '8']);
});

test('a partition that fails does not touch the others of its request', async () => {
  const nowhere = { ...batch(1), partition: 9 };
  const unknown = { ...batch(1), topic: uniqueName('unknown') };
  const there = { ...batch(1), partition: 1 };
  const answers = await appends.append(node, [nowhere, batch(1), unknown, there]);
  expect(answers.map(({ kind }) => kind)).toEqual(['again', 'appended', 'again', 'appended']);
  expect(await appends.append(node, [batch(2), there])).toEqual([
    { kind: 'appended', offset: 1 },
    { kind: 'appended', offset: 2 },
  ]);
});
