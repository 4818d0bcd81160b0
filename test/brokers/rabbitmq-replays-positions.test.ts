import { encodeHoles } from '../../src/brokers/log/position.ts';
import { TopicReplayPositions } from '../../src/brokers/rabbitmq/replays/replay-positions.ts';
import { CompactedTopic } from '../../src/brokers/tables/compacted-topic.ts';
import { FakeAccess, FakeTopics, loudLogger } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';

const TOPIC = 'hub.subscriptions';
const clock = new SimClock();
let topics: FakeTopics;
let open: CompactedTopic[];

beforeEach(() => {
  topics = new FakeTopics(clock);
  open = [];
});

afterEach(() => {
  for (const topic of open) topic.stop();
  topics.wake();
});

async function replica() {
  const access = new FakeAccess(topics);
  const { logger, said } = loudLogger();
  const topic = new CompactedTopic({ access, topic: TOPIC, partitions: 1, clock, logger });
  open.push(topic);
  const positions = new TopicReplayPositions(topic, logger);
  await topic.start();
  return { positions, said, access };
}

const saved = {
  offset: 5,
  holes: encodeHoles({
    next: 9,
    holes: [
      [5, 1],
      [7, 0],
    ],
  }),
};

test('what one replica saved another one loads, however far behind it reads', async () => {
  const one = await replica();
  const two = await replica();
  let goOn: () => void = () => undefined;
  two.access.after = (call) =>
    call === 'read' ? new Promise<void>((resolve) => (goOn = resolve)) : undefined;
  await one.positions.save('job', { offset: 1, holes: '' });
  await one.positions.save('job', saved);
  const loading = two.positions.load('job');
  two.access.after = () => undefined;
  goOn();
  expect(await loading).toEqual(saved);
  expect(two.positions.jobIds()).toEqual(['job']);
});

test('one that was removed is not there, at a replica that starts later either', async () => {
  const one = await replica();
  await one.positions.save('job', saved);
  await one.positions.save('other', saved);
  await one.positions.remove('job');
  for (const { positions } of [one, await replica()]) {
    expect(await positions.load('job')).toBeUndefined();
    expect(positions.jobIds()).toEqual(['other']);
  }
});

test('of one that cannot be read the offset counts, if there is one', async () => {
  const one = await replica();
  topics.append(TOPIC, 'replay-position:holes', Buffer.from('{"offset":5,"holes":"????"}'));
  topics.append(TOPIC, 'replay-position:all', Buffer.from('{"off'));
  expect(await one.positions.load('holes')).toEqual({ offset: 5, holes: '' });
  expect(await one.positions.load('all')).toEqual({ offset: 0, holes: '' });
  expect(one.said).toEqual(['replay-position.unreadable', 'replay-position.unreadable']);
});

test('is written back when the topic has lost it', async () => {
  const one = await replica();
  await one.positions.save('job', saved);
  topics.create(TOPIC, 1);
  await clock.until(() => topics.content(TOPIC).some(({ key }) => key === 'replay-position:job'), 10_000);
  expect(await one.positions.load('job')).toEqual(saved);
});
