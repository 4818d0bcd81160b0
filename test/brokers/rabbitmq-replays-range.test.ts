import { rangeIn } from '../../src/brokers/rabbitmq/replays/replay-range.ts';
import type { ReplayRange } from '../../src/brokers/broker.ts';
import { ReplaySite } from './rabbitmq-replays-site.ts';
import { MemoryStream } from './rabbitmq-replays-stream.ts';

let site: ReplaySite;
let stream: MemoryStream;

beforeEach(() => {
  site = new ReplaySite();
  stream = new MemoryStream(site.stream, site.clock);
});

const at = (second: number): string => new Date(second * 1_000).toISOString();

/** Events `e{second}`, stamped so. */
function publish(...seconds: number[]): void {
  for (const second of seconds) site.stream.append({ id: `e${second}`, timestamp: second * 1_000 });
}

const range = (given: ReplayRange) => site.finish(rangeIn(stream, given, site.clock));

test('begins and ends at the first event that is stamped so late, however early the stream says it may be', async () => {
  publish(1, 2, 3, 4, 5, 6);
  for (const early of [0, 1, 4]) {
    stream.early = early;
    expect(await range({ from: { time: at(3) }, to: at(5) })).toEqual({ start: 2, end: 4 });
    expect(await range({ from: { time: at(2.5) }, to: at(4.5) })).toEqual({ start: 2, end: 4 });
  }
});

test('of stamps that are out of order the first counts', async () => {
  publish(1, 5, 2, 6, 3);
  expect(await range({ from: { time: at(2) }, to: at(6) })).toEqual({ start: 1, end: 3 });
});

test('ends behind everything that is there, though the stream says less', async () => {
  publish(1, 2, 3, 4);
  stream.endLow = 3;
  expect(await range({ from: { time: at(0) } })).toEqual({ start: 0, end: 4 });
  expect(await range({ from: { time: at(4) } })).toEqual({ start: 3, end: 4 });
  expect(await range({ from: { eventId: 'e4' } })).toEqual({ start: 3, end: 4 });
  expect(await range({ from: { time: at(0) }, to: at(4) })).toEqual({ start: 0, end: 3 });
});

test('finds an end where events come without a pause', async () => {
  publish(1, 2);
  const before = site.clock.now();
  stream.latency = () => {
    publish(3);
    return 10;
  };
  const { start, end } = await range({ from: { time: at(0) } });
  expect(start).toBe(0);
  expect(end).toBeGreaterThanOrEqual(2);
  expect(site.clock.now() - before).toBeLessThan(5_000);
});

test('begins where retention does', async () => {
  publish(1, 2, 3, 4);
  site.stream.cutOff(2);
  expect(await range({ from: { offsets: { 'hub.events:0': 0 } } })).toEqual({ start: 2, end: 4 });
});

test('of an event that is not there, or a time that is to come, it is empty', async () => {
  publish(1, 2);
  for (const from of [{ eventId: 'e9' }, { time: at(9) }, { offsets: {} }]) {
    const { start, end } = await range({ from });
    expect(start).toBeGreaterThanOrEqual(end);
  }
});

test('names what is no stream', async () => {
  const of = range({ from: { offsets: { 'hub.events:0': 1, 'hub.events:1': 1 } } });
  await expect(of).rejects.toThrow('hub.events:1');
});
