import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeGateway } from './fake-gateway.ts';
import { runCommand } from './run-command.ts';

interface Envelope {
  eventId: string;
  eventType: string;
  event: Record<string, { id: string }>;
}

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await FakeGateway.start();
  gateway.answer = ({ text }) => ({
    status: 201,
    body: { eventId: 'given-by-gateway', ...(JSON.parse(text) as object) },
  });
});
afterEach(() => gateway.stop());

const published = () => gateway.bodies as Envelope[];
const paths = () => gateway.calls.map(({ path }) => path);

describe('a sample', () => {
  test('has the type that was asked for; the first word printed is its id', async () => {
    const { code, out } = await runCommand(['publish', '--type', 'ProductOrderCreateEvent'], { gateway });
    expect(code).toBe(0);
    expect(paths()).toEqual(['/event']);
    expect(published()[0]).toMatchObject({
      eventType: 'ProductOrderCreateEvent',
      event: { productOrder: {} },
    });
    expect(out.split(' ')[0]).toBe(published()[0]?.eventId);
  });

  test('--count gives each an id and a resource of its own', async () => {
    const argv = ['publish', '-t', 'IndividualCreateEvent', '-n', '3', '--json'];
    const { lines } = await runCommand(argv, { gateway });
    const ids = published().map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(3);
    expect(new Set(published().map(({ event }) => event['individual']?.id)).size).toBe(3);
    expect(lines.map((line) => (JSON.parse(line) as Envelope).eventId)).toEqual(ids);
  });

  test('--api publishes below the newest base path of the API', async () => {
    await runCommand(['publish', '-t', 'ProductOrderCreateEvent', '--api', 'TMF622'], { gateway });
    expect(paths()).toEqual(['/tmf-api/productOrderingManagement/v5/event']);
  });

  test('--base publishes where it is told', async () => {
    const argv = [
      'publish',
      '-t',
      'ProductOrderCreateEvent',
      '--base',
      '/tmf-api/productOrderingManagement/v4/',
    ];
    await runCommand(argv, { gateway });
    expect(paths()).toEqual(['/tmf-api/productOrderingManagement/v4/event']);
  });

  test.each([
    [['-t', 'ProductOrderCraeteEvent'], 'did you mean ProductOrderCreateEvent?'],
    [['-t', 'IndividualCreateEvent', '--api', 'TMF622'], 'TMF622 has no event type IndividualCreateEvent'],
    [['-t', 'ProductOrderCreateEvent', '--api', 'TMF6222'], 'There is no API TMF6222; did you mean TMF622?'],
  ])('%j is wrong usage, and nothing is published', async (options, sentence) => {
    const { code, err } = await runCommand(['publish', ...options], { gateway });
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(gateway.calls).toEqual([]);
  });
});

describe('a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function publishText(text: string, ...options: string[]) {
    const file = join(folder, 'events.json');
    await writeFile(file, text);
    return runCommand(['publish', file, ...options], { gateway });
  }

  test('with one event is sent byte by byte', async () => {
    const text = '{\n  "eventType": "A",\n  "n": 12345678901234567890\n}\n';
    const { code, out } = await publishText(text);
    expect(code).toBe(0);
    expect(gateway.calls[0]?.text).toBe(text);
    expect(out).toContain('given-by-gateway');
  });

  test('with an array, or with one event per line, is sent in its order', async () => {
    await publishText('[{"eventId":"1"},{"eventId":"2"}]');
    await publishText('{"eventId":"3"}\n\n{"eventId":"4"}\n');
    expect(published().map(({ eventId }) => eventId)).toEqual(['1', '2', '3', '4']);
  });

  test('--count renews the ids', async () => {
    await publishText('{"eventId":"1","eventType":"A"}', '--count', '2');
    const ids = published().map(({ eventId }) => eventId);
    expect(new Set([...ids, '1']).size).toBe(3);
  });

  test.each([
    ['no JSON', '{"a":', 'is no JSON'],
    ['a broken line', '{"eventId":"3"}\n{"event', 'Event 2 of'],
    ['a number', '42', 'an event is a JSON object'],
    ['nothing', '', 'is no JSON'],
  ])('with %s is exit code 2, and nothing is published', async (_what, text, sentence) => {
    const { code, err } = await publishText(text);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(gateway.calls).toEqual([]);
  });

  test('that is not there is exit code 2', async () => {
    const { code, err } = await runCommand(['publish', join(folder, 'none.json')], { gateway });
    expect(code).toBe(2);
    expect(err).toContain('There is no file');
  });
});

test('- is stdin', async () => {
  await runCommand(['publish', '-'], { gateway, stdin: '{"eventId":"from-stdin"}' });
  expect(published()[0]?.eventId).toBe('from-stdin');
});

test('a refusal is exit code 1 with the words of the gateway', async () => {
  gateway.answer = () => ({ status: 503, body: { code: '503', reason: 'the disk is full' } });
  const { code, err } = await runCommand(['publish', '-'], { gateway, stdin: '{}' });
  expect(code).toBe(1);
  expect(err).toContain('POST /event was answered 503: the disk is full');
});

describe('--types', () => {
  test('lists what is known, filtered by name or API', async () => {
    const all = await runCommand(['publish', '--types', '--json']);
    const types = JSON.parse(all.out) as { type: string; apis: string[] }[];
    expect(types.length).toBeGreaterThan(500);
    const some = await runCommand(['publish', '--types', 'cancelproductorder']);
    expect(some.lines[0]).toMatch(/^CancelProductOrderCreateEvent .*TMF622/);
    const api = await runCommand(['publish', '--types', 'TMF678']);
    expect(api.out).toContain('CustomerBillCreateEvent');
  });

  test('nothing found is exit code 1', async () => {
    expect((await runCommand(['publish', '--types', 'xyzzy'])).code).toBe(1);
  });
});
