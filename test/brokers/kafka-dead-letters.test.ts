import { encodeLetter } from '../../src/brokers/tables/dead-letter-record.ts';
import type { TopicDeadLetters } from '../../src/brokers/tables/dead-letters.ts';
import { deadLetters as deadLetterContract } from '../contracts/broker-dead-letters.ts';
import type { Stage } from '../contracts/broker-stage.ts';
import { ALL, HOUR, idsOf, letter, LettersSite, MIB, plain, TOPIC } from './kafka-letters-site.ts';

let site: LettersSite;

beforeEach(() => {
  site = new LettersSite();
});

afterEach(() => site.close());

describe('the contract of dead letters, on Kafka', () => {
  let current: { letters: TopicDeadLetters };
  beforeEach(async () => {
    current = await site.started();
  });
  deadLetterContract(
    () =>
      ({
        broker: { deadLetters: current.letters },
        crash: async () => void (current = await site.started()),
      }) as unknown as Stage,
  );
});

describe('the record of a dead letter', () => {
  test('PITFALLS 5: has the original bytes and headers where an operator looks for them, and the rest in one header', async () => {
    const { letters } = await site.started();
    await letters.put(letter('l1', { replay: { requestedAt: 'now', correctedBodyBase64: 'AAA=' } }));
    const [record] = site.topics.content(TOPIC);
    expect(record).toMatchObject({ key: 'l1', value: '{"eventId":"event of l1"}' });
    const { 'tmf-hub-letter': json = '', ...headers } = record!.headers;
    expect(headers).toEqual({
      ...{ eventId: 'event of l1', traceparent: '00-1-2-01' },
      'tmf-hub-corrected-body': 'AAA=',
    });
    expect(JSON.parse(json)).toMatchObject({
      reason: 'exhausted',
      source: { topic: 'orders', partition: 0, offset: 3, key: 'order ✓' },
    });
    expect(json).not.toContain('\n');
  });

  test('headers that have names like ours come back as they were', async () => {
    const { letters } = await site.started();
    const headers = {
      'tmf-hub-letter': 'theirs',
      'tmf-hub-corrected-body': 'theirs',
      __proto__x: '1',
      '': '2',
    };
    const full = letter('l1', { source: { broker: 'b', topic: 't', headers } });
    await letters.put(full);
    expect(plain((await letters.get('l1'))!)).toEqual(plain(full));
  });

  test('a record that is no letter is said loudly, and harms no other', async () => {
    site.topics.create(TOPIC, 1);
    for (const json of ['{', 'null', '{"deadAt":"never"}'])
      site.topics.append(TOPIC, 'junk', Buffer.from('x'), { 'tmf-hub-letter': json });
    site.topics.append(TOPIC, 'junk', Buffer.from('x'));
    const { letters, said } = await site.started();
    await letters.put(letter('l1'));
    expect(idsOf(await letters.list({}, ALL))).toEqual(['l1']);
    expect(said).toEqual(Array.from({ length: 4 }, () => 'dead-letter.unreadable'));
  });

  test('the topic takes the largest letter, and leaves time before compaction', async () => {
    await site.started({ maxBytes: 12 * MIB });
    expect(site.topics.of(TOPIC).configs).toEqual({
      ...{ 'cleanup.policy': 'compact', 'max.message.bytes': `${12 * MIB}` },
      'min.compaction.lag.ms': `${HOUR}`,
    });
  });
});

describe('dead letters in a compacted topic', () => {
  test('PITFALLS 1: put rejects when it is not durable', async () => {
    const { letters, access } = await site.started();
    access.before = (call) => {
      if (call === 'append') throw new Error('broker away');
    };
    await expect(letters.put(letter('l1'))).rejects.toThrow('broker away');
    expect(await letters.list({}, ALL)).toEqual({ items: [], total: 0 });
  });

  test('another replica knows them, in their latest state', async () => {
    const [one, other] = [await site.started(), await site.started()];
    await one.letters.put(letter('l1'));
    await one.letters.put(letter('l2'));
    await site.clock.advance(2_000);
    await other.letters.put(letter('l1', { state: 'discarded' }));
    await site.clock.advance(2_000);
    for (const { letters } of [one, other, await site.started()]) {
      expect(await letters.get('l1')).toMatchObject({ state: 'discarded' });
      expect(idsOf(await letters.list({ state: 'open' }, ALL))).toEqual(['l2']);
    }
  });

  test('a letter that is written again while it is read comes from its newer place', async () => {
    const { letters, bodies } = await site.started();
    await letters.put(letter('l1'));
    bodies.before = async () => {
      bodies.before = () => undefined;
      await letters.put(letter('l1', { state: 'replayed' }));
      site.topics.compact(TOPIC);
    };
    expect(await letters.get('l1')).toMatchObject({ state: 'replayed' });
  });

  test('one whose record went while this replica could not read is left out of the list, and that is said', async () => {
    const { letters, said } = await site.started();
    await letters.put(letter('l1'));
    await letters.put(letter('l2'));
    for (const stored of site.topics.of(TOPIC).partitions)
      stored.records = stored.records.filter(({ key }) => Buffer.from(key!).toString() !== 'l1');
    const listed = letters.list({}, ALL);
    await site.clock.advance(10_000);
    expect(idsOf(await listed)).toEqual(['l2']);
    expect(said).toEqual(['dead-letter.not-in-its-place']);
  });

  test('a letter of a topic that was made anew is not taken for the one that had its place', async () => {
    const { letters, bodies } = await site.started({ partitions: 1 });
    await letters.put(letter('l1'));
    const { value, headers } = encodeLetter(letter('l2'));
    bodies.before = () => {
      bodies.before = () => undefined;
      site.topics.create(TOPIC, 1);
      site.topics.append(TOPIC, 'l2', value, headers);
    };
    const asked = letters.get('l1').catch(() => undefined);
    await site.clock.advance(10_000);
    expect(await asked).toBeUndefined();
    expect(await letters.get('l2')).toMatchObject({ eventId: 'event of l2' });
  });

  test('what the topic lost is no longer listed, and that is said', async () => {
    const { letters, said } = await site.started({ partitions: 1 });
    await letters.put(letter('l1'));
    await letters.put(letter('l2'));
    site.topics.cutOff(TOPIC, 0, 1);
    const listed = letters.list({}, ALL);
    await site.clock.advance(10_000);
    expect(idsOf(await listed)).toEqual(['l2']);
    site.topics.create(TOPIC, 1);
    await site.clock.advance(10_000);
    expect(await letters.list({}, ALL)).toEqual({ items: [], total: 0 });
    expect(said).toContain('dead-letters.lost');
  });

  test('a page is read with few calls, whatever lies between', async () => {
    const { letters, bodies } = await site.started({ partitions: 1 });
    for (let i = 0; i < 200; i++) {
      const from = i < 100 ? 's1' : i % 10 === 0 ? 's2' : 's3';
      await letters.put(letter(`l${i}`, { subscriptionId: from, body: Buffer.alloc(1_000) }));
    }
    expect((await letters.list({ subscriptionId: 's1' }, { offset: 0, limit: 100 })).items).toHaveLength(100);
    expect(bodies.calls.read).toBe(1);
    expect((await letters.list({ subscriptionId: 's2' }, { offset: 0, limit: 10 })).items).toHaveLength(10);
    expect(bodies.calls.read).toBe(11);
  });

  test('how many there are is known while the topic cannot be read', async () => {
    const { letters, bodies } = await site.started();
    await letters.put(letter('l1'));
    bodies.before = () => {
      throw new Error('no broker answers');
    };
    await expect(letters.list({}, ALL)).rejects.toThrow('no broker answers');
    expect(await letters.list({ state: 'open' }, { offset: 0, limit: 0 })).toEqual({ items: [], total: 1 });
  });

  test('are listed in one order by all replicas, also those of one moment', async () => {
    const one = await site.started();
    for (const id of ['b', 'd', 'a', 'c']) await one.letters.put(letter(id));
    await one.letters.put(letter('d', { state: 'replayed' }));
    const other = await site.started();
    for (const { letters } of [one, other])
      expect(idsOf(await letters.list({}, ALL))).toEqual(['d', 'c', 'b', 'a']);
  });
});
