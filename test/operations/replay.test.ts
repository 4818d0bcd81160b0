import type { Broker, ReplayRange } from '../../src/brokers/broker.ts';
import type { Health } from '../../src/health.ts';
import { replayFrom } from '../../src/operations/replay.ts';
import { DeskScene } from './desk-scene.ts';
import { orderRecord, otherSource } from './other-source.ts';

interface Site {
  readonly brokers: Broker[];
  readonly asked: [source: string, range: ReplayRange][];
}

/** Sources with these places and events; what they are asked to replay is kept. */
function site(sources: Record<string, { places?: string[]; events?: string[]; health?: Health }>): Site {
  const asked: Site['asked'] = [];
  const brokers = Object.entries(sources).map(([name, { places = [], events = [], health }]) => {
    const broker = otherSource(name, { records: events.map((id) => orderRecord(id, { broker: name })) });
    return Object.assign(broker, {
      partitions: () => Promise.resolve(places),
      replay: (_id: string, range: ReplayRange) => {
        asked.push([name, range]);
        return Promise.resolve({ jobId: `job of ${name}` });
      },
      ...(health && { health: () => health }),
    });
  });
  return { brokers, asked };
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const DOWN: Health = { ok: false, reason: 'no connection' };

test('one source: it gets the range as it is, and its answer is the answer', async () => {
  const { brokers, asked } = site({ a: { health: DOWN } });
  const ranges: ReplayRange[] = [
    { from: { time: '2026-01-01T00:00:00Z' }, to: '2026-01-02T00:00:00Z', correlationId: 'c' },
    { from: { eventId: 'unknown' } },
  ];
  for (const range of ranges) expect(await replayFrom(brokers, 's', range)).toEqual({ jobId: 'job of a' });
  expect(asked).toEqual(ranges.map((range) => ['a', range]));
});

test('one source that is away and cannot: it is said that it is away', async () => {
  const range: ReplayRange = { from: { time: '2026-01-01T00:00:00Z' } };
  const failing = (health: Health) =>
    site({ a: { health } }).brokers.map((broker) =>
      Object.assign(broker, { replay: () => Promise.reject(new Error('socket closed')) }),
    );
  expect(await refusal(replayFrom(failing(DOWN), 's', range))).toMatchObject({ status: 503 });
  expect(await refusal(replayFrom(failing({ ok: true }), 's', range))).toMatchObject({
    message: 'socket closed',
  });
});

test('by time: all of them', async () => {
  const { brokers, asked } = site({ a: {}, b: {} });
  const range = { from: { time: '2026-01-01T00:00:00Z' }, correlationId: 'c' };
  expect(await replayFrom(brokers, 's', range)).toEqual({ jobId: 'job of a,job of b' });
  expect(asked).toEqual([
    ['a', range],
    ['b', range],
  ]);
});

test('from an event: those that have it; when none has, all', async () => {
  const { brokers, asked } = site({ a: {}, b: { events: ['e1'] }, c: { events: ['e1'] } });
  const of = async (eventId: string) => {
    asked.length = 0;
    const { jobId } = await replayFrom(brokers, 's', { from: { eventId } });
    expect(asked.every(([, { from }]) => 'eventId' in from && from.eventId === eventId)).toBe(true);
    return jobId;
  };
  expect(await of('e1')).toBe('job of b,job of c');
  expect(await of('unknown')).toBe('job of a,job of b,job of c');
});

describe('from offsets', () => {
  const PLACES = {
    a: { places: ['x:0', 'x:1', 'both:0'] },
    b: { places: ['hub.events:0', 'both:0'] },
    c: { places: ['y:0'] },
  };

  test('each source gets the places that it has, and those without any are not asked', async () => {
    const { brokers, asked } = site(PLACES);
    const offsets = { 'x:1': 7, 'hub.events:0': 8, 'x:0': 9 };
    expect(await replayFrom(brokers, 's', { from: { offsets }, to: '2026-01-02' })).toEqual({
      jobId: 'job of a,job of b',
    });
    expect(asked).toEqual([
      ['a', { from: { offsets: { 'x:1': 7, 'x:0': 9 } }, to: '2026-01-02' }],
      ['b', { from: { offsets: { 'hub.events:0': 8 } }, to: '2026-01-02' }],
    ]);
  });

  test('a place that several have is named with its source', async () => {
    const { brokers, asked } = site(PLACES);
    await replayFrom(brokers, 's', { from: { offsets: { 'b/both:0': 7, 'a/x:0': 8 } } });
    expect(asked).toEqual([
      ['a', { from: { offsets: { 'x:0': 8 } } }],
      ['b', { from: { offsets: { 'both:0': 7 } } }],
    ]);
    const ambiguous = replayFrom(brokers, 's', { from: { offsets: { 'x:0': 1, 'both:0': 7 } } });
    expect(await refusal(ambiguous)).toMatchObject({
      ...{ name: 'OperationRefused', status: 400 },
      message: 'from.offsets: several sources have both:0; write a/both:0 or b/both:0',
    });
    expect(asked).toHaveLength(2);
  });

  test.each([PLACES, { a: PLACES.a }])('a place that no source has refuses all', async (sources) => {
    const { brokers, asked } = site(sources);
    for (const place of ['x:2', 'b/x:0']) {
      const unknown = replayFrom(brokers, 's', { from: { offsets: { 'x:0': 1, [place]: 7 } } });
      expect(await refusal(unknown)).toMatchObject({
        ...{ name: 'OperationRefused', status: 400 },
        message: `from.offsets: no source has ${place}`,
      });
    }
    expect(asked).toEqual([]);
  });
});

describe('a source that is away', () => {
  const SOURCES = { a: { places: ['x:0'], events: ['e1'] }, b: { places: ['y:0'], health: DOWN } };

  test.each<ReplayRange['from']>([
    { time: '2026-01-01' },
    { eventId: 'e1' },
    { offsets: { 'x:0': 1, 'y:0': 1 } },
  ])('refuses all before any job is made: %j', async (from) => {
    const { brokers, asked } = site(SOURCES);
    expect(await refusal(replayFrom(brokers, 's', { from }))).toMatchObject({
      ...{ name: 'OperationRefused', status: 503 },
      message: 'the source b cannot be asked now: no connection',
    });
    expect(asked).toEqual([]);
  });

  test('does not matter where it is not concerned', async () => {
    const { brokers } = site(SOURCES);
    const range = { from: { offsets: { 'x:0': 1 } } };
    expect(await replayFrom(brokers, 's', range)).toEqual({ jobId: 'job of a' });
  });
});

test('one that fails ends it: those after it are not asked', async () => {
  const { brokers, asked } = site({ a: {}, b: {}, c: {} });
  Object.assign(brokers[1]!, { replay: () => Promise.reject(new Error('not written')) });
  const replaying = replayFrom(brokers, 's', { from: { time: '2026-01-01' } });
  expect(await refusal(replaying)).toMatchObject({ message: 'not written' });
  expect(asked.map(([name]) => name)).toEqual(['a']);
});

test('of a subscription that is not there none is asked', async () => {
  const desk = await DeskScene.with({});
  const { brokers, asked } = site({ a: {} });
  desk.otherSources.push(...brokers);
  expect(await desk.operations.replay('nobody', { from: { time: '2026-01-01' } })).toBeUndefined();
  expect(asked).toEqual([]);
});
