import type { Delivery } from '../../src/brokers/broker.ts';
import type { DeadLetter } from '../../src/brokers/broker.ts';
import type { AttemptMeasure } from '../../src/admin/hot-counters.ts';
import { silentLogger, type Logger } from '../../src/logger.ts';
import { createObserver } from '../../src/operations/observer.ts';
import { systemClock } from '../../src/time.ts';
import type { Objection } from '../../src/tmf/event-check.ts';
import type { TmfEvent } from '../../src/tmf/event.ts';
import { answered, Scene } from '../delivery/scene.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A scene that is watched as the gateway watches itself. */
async function watched(replies: readonly number[], level = 'info') {
  const lines: Line[] = [];
  const attempts: AttemptMeasure[] = [];
  const dead: string[] = [];
  const events: number[][] = [];
  const log = (at: string) => (fields: object, message: string) =>
    void lines.push({ level: at, message, ...fields });
  const logger: Logger = {
    ...{ debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    isLevelEnabled: (asked) => asked !== 'debug' || level === 'debug',
  };
  const observer = createObserver(
    logger,
    {
      eventRouted: (...counts) => void events.push(counts),
      attempted: (sample) => void attempts.push(sample),
      deadLettered: (reason) => void dead.push(reason),
      eventInvalid: () => undefined,
    },
    systemClock,
  );
  const scene = await Scene.with(
    { a: ({ time }) => answered(replies[time - 1] ?? 204, { text: 'x' }, 5) },
    { observer },
  );
  const correlation = { correlationId: 'c1', traceparent: '00-aa-bb-01', cookie: 's3cret' };
  const event = {
    eventId: 'e1',
    eventType: 'XEvent',
    eventTime: '2026-01-01T00:00:00Z',
    event: { x: { id: '1' } },
  };
  await scene.publishRaw(JSON.stringify(event), correlation);
  await scene.clock.advance(100_000);
  return { lines, attempts, dead, events };
}

test('one wide line for each attempt that failed, with all that is needed to find it again', async () => {
  const { lines } = await watched([500, 204]);
  expect(lines).toEqual([
    {
      level: 'warn',
      message: 'delivery.attempted',
      subscriptionId: 'a',
      eventId: 'e1',
      eventType: 'XEvent',
      key: '1',
      attempt: 1,
      outcome: 'retry',
      status: 500,
      error: undefined,
      durationMs: 5,
      endToEndMs: 5,
      replay: false,
      source: { broker: 'memory', topic: 'bss.ordering.events', partition: 0, offset: 0 },
      correlationId: 'c1',
      traceparent: '00-aa-bb-01',
    },
  ]);
});

test('successes are lines at debug only', async () => {
  const { lines } = await watched([204], 'debug');
  expect(lines).toMatchObject([
    { level: 'debug', message: 'delivery.attempted', outcome: 'delivered', status: 204 },
  ]);
});

test('every attempt is measured, end to end only when it delivered', async () => {
  const { attempts, events } = await watched([500, 204]);
  expect(attempts).toEqual([
    { subscriptionId: 'a', outcome: 'retry', seconds: 0.005, endToEndSeconds: undefined },
    { subscriptionId: 'a', outcome: 'delivered', seconds: 0.005, endToEndSeconds: 1.01 },
  ]);
  expect(events).toEqual([[1, 0]]);
});

test('PITFALLS 18: a dead letter is an error line without credentials, and counted by reason', async () => {
  const { lines, dead } = await watched([422]);
  const line = lines.find(({ message }) => message === 'delivery.dead-lettered');
  expect(line).toMatchObject({
    level: 'error',
    reason: 'rejected',
    subscriptionId: 'a',
    eventId: 'e1',
    correlationId: 'c1',
  });
  expect(JSON.stringify(lines)).not.toContain('s3cret');
  expect(dead).toEqual(['rejected']);
});

test('410 counts as rejected, and what the gateway gave up itself as nothing', async () => {
  const { attempts } = await watched([410]);
  expect(attempts).toMatchObject([{ outcome: 'rejected' }]);
  const lines: unknown[] = [];
  const log = () => undefined;
  const info = (fields: object, message: string) => void lines.push({ ...fields, message });
  const silent = createObserver(
    { debug: log, info, warn: log, error: log, isLevelEnabled: () => true },
    {
      ...{ eventRouted: () => undefined, deadLettered: () => undefined },
      attempted: () => {
        throw new Error('measured');
      },
      eventInvalid: () => undefined,
    },
    systemClock,
  );
  const delivery = { event: { id: 'e1' }, record: { source: { topic: 't' } } };
  const attempt = { n: 2, at: '', durationMs: 3 };
  silent.attempted('a', delivery as unknown as Delivery, attempt, { kind: 'abandoned' }, 0);
  expect(lines).toEqual([
    {
      ...{ message: 'delivery.broken-off', subscriptionId: 'a', eventId: 'e1', attempt: 2, durationMs: 3 },
      source: { topic: 't' },
    },
  ]);
});

describe('events that do not fit', () => {
  const event = { id: 'e1', type: 'AEvent', correlationId: 'c1' } as TmfEvent;
  const source = { broker: 'memory', topic: 't' };
  const error = (place: string) => `event.a${place} is missing`;

  function observed() {
    const lines: Line[] = [];
    const counted: string[] = [];
    let now = 0;
    const warn = (fields: object, message: string) => void lines.push({ level: 'warn', message, ...fields });
    const observer = createObserver(
      { ...silentLogger, warn },
      {
        ...{ eventRouted: () => undefined, attempted: () => undefined, deadLettered: () => undefined },
        eventInvalid: (api, mode) => void counted.push(`${api} ${mode}`),
      },
      { monotonic: () => now },
    );
    const tell = (api: string, place: string, mode: Objection['mode'] = 'warn', type = event.type) =>
      observer.invalid({ ...event, type }, { api, mode, errors: [error(place)] }, source);
    return { lines, counted, tell, pass: (ms: number) => void (now += ms) };
  }

  test('are all counted, and one complaint is logged once a minute', () => {
    const { lines, counted, tell, pass } = observed();
    for (const place of ['[0]', '[1]', '[20]']) tell('TMF622', place);
    tell('TMF622', '.b');
    tell('TMF620', '[0]');
    expect(counted).toEqual([...Array<string>(4).fill('TMF622 warn'), 'TMF620 warn']);
    expect(lines.map(({ api, errors }) => [api, errors])).toEqual([
      ['TMF622', [error('[0]')]],
      ['TMF622', [error('.b')]],
      ['TMF620', [error('[0]')]],
    ]);
    expect(lines[0]).toEqual({
      ...{ level: 'warn', message: 'event.invalid', api: 'TMF622', errors: [error('[0]')] },
      ...{ eventId: 'e1', eventType: 'AEvent', correlationId: 'c1', source },
    });
    pass(59_999);
    tell('TMF622', '[2]');
    expect(lines).toHaveLength(3);
    pass(1);
    tell('TMF622', '[3]');
    expect(lines).toHaveLength(4);
  });

  test('are told once for a type, in whatever package its producer puts it', () => {
    const { lines, tell } = observed();
    for (const type of ['AEvent', 'aNotification', 'com.one.AEvent', `${'x'.repeat(1_000)}.AEvent`])
      tell('TMF622', '', 'warn', type);
    expect(lines).toHaveLength(1);
  });

  test('have the line of their dead letter where they are quarantined', () => {
    const { lines, counted, tell } = observed();
    tell('TMF622', '', 'quarantine');
    expect([counted, lines]).toEqual([['TMF622 quarantine'], []]);
  });
});

test('PITFALLS 1: a dead letter that cannot be written, and a circuit that changes, are said', () => {
  const lines: Line[] = [];
  const log = (at: string) => (fields: object, message: string) =>
    void lines.push({ level: at, message, ...fields });
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const observer = createObserver(
    { ...logger, isLevelEnabled: () => true },
    {
      ...{ eventRouted: () => undefined, attempted: () => undefined, deadLettered: () => undefined },
      eventInvalid: () => undefined,
    },
    systemClock,
  );
  observer.deadLetterDelayed(
    { id: 'l1', subscriptionId: 'a', eventId: 'e1' } as DeadLetter,
    new Error('disk full'),
  );
  observer.circuitChanged('a', 'open', 'why');
  observer.circuitChanged('a', 'closed', 'why');
  expect(lines).toEqual([
    {
      ...{ level: 'error', message: 'dead-letter.not-written' },
      ...{ deadLetterId: 'l1', subscriptionId: 'a', eventId: 'e1', error: 'Error: disk full' },
    },
    { level: 'warn', message: 'circuit.changed', subscriptionId: 'a', state: 'open', reason: 'why' },
    { level: 'info', message: 'circuit.changed', subscriptionId: 'a', state: 'closed', reason: 'why' },
  ]);
});
