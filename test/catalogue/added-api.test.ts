import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gateway } from '../../src/gateway.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { ApiRow } from '../../src/tmf/catalogue-rows.ts';
import { TestListener, until } from '../support/listener.ts';

/** Another API is two entries of data, its place and its event types, and no code. */

const PLACE = '/tmf-api/lighthouseManagement/v5';
const TYPES = ['LighthouseCreateEvent', 'LighthouseStateChangeEvent'];

/** What the types of Jest do not tell yet. */
const mocking = import.meta.jest as unknown as {
  unstable_mockModule(path: string, make: () => object): void;
};

let folder: string;
let listener: TestListener;
let gateway: Gateway | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tmf-hub-added-api-'));
  listener = await TestListener.start();
});

afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  await listener.stop();
  rmSync(folder, { recursive: true, force: true });
  import.meta.jest.resetModules();
});

/** A gateway whose catalogue has these rows, and a configuration with these lines. */
async function start(rows: readonly ApiRow[] | undefined, yaml: readonly string[]): Promise<string> {
  if (rows !== undefined) {
    mocking.unstable_mockModule('../../src/tmf/catalogue.data.ts', () => ({ catalogueRows: rows }));
  }
  const { startGateway } = await import('../../src/gateway.ts');
  const file = join(folder, 'gateway.yaml');
  const lines = ['server: {port: 0}', 'admin: {port: 0}', 'log: {level: silent}', ...yaml];
  writeFileSync(file, [...lines, `data: {dir: ${folder}}`, 'callbacks: {allow: [127.0.0.1/32]}'].join('\n'));
  const loaded = loadConfig({ file, env: {} });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  gateway = await startGateway(loaded.config);
  return `http://127.0.0.1:${gateway.port}`;
}

async function post(url: string, body: object): Promise<{ status: number; json: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, json: await answer.json() };
}

/** `name`: of the listener for the second event type. */
async function showThatItWorks(url: string, name: string): Promise<void> {
  const callback = `${listener.url}/lighthouses`;
  const hub = await post(`${url}${PLACE}/hub`, { callback, query: `eventType=${TYPES[1]!}` });
  expect(hub).toMatchObject({ status: 201, json: { '@type': 'Hub', callback } });
  const unknown = await post(`${url}${PLACE}/hub`, { callback, query: 'eventType=LighthouseSinkEvent' });
  expect(unknown).toMatchObject({
    status: 400,
    json: { message: expect.stringContaining(TYPES[0]!) as string },
  });

  const event = { lighthouse: { id: 'l-1', state: 'lit' } };
  for (const [eventId, eventType] of [
    ['e-1', TYPES[0]],
    ['e-2', TYPES[1]],
  ]) {
    expect((await post(`${url}${PLACE}/event`, { eventId, eventType, event })).status).toBe(201);
  }
  const byListener = `${url}${PLACE}/listener/${name}`;
  expect((await post(byListener, { eventId: 'e-3', event })).status).toBe(201);
  await until(() => listener.receipts.length >= 2, 'two deliveries');
  expect(listener.receipts.map((receipt) => receipt.event)).toMatchObject([
    { eventId: 'e-2', eventType: TYPES[1], '@type': TYPES[1], '@baseType': 'Event', event },
    { eventId: 'e-3', eventType: TYPES[1], '@type': TYPES[1], event },
  ]);

  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([`${PLACE}/hub`, `${PLACE}/hub/{id}`, `${PLACE}/event`]),
  );
}

test('by the configuration', async () => {
  const entry = `{api: TMF999, version: 5.0.0, basePath: ${PLACE}, eventTypes: [${TYPES.join(', ')}]}`;
  const url = await start(undefined, ['hub:', `  apis: [${entry}]`]);
  await showThatItWorks(url, 'lighthouseStateChangeEvent');
});

test('by a row of the catalogue', async () => {
  const { catalogueRows } = await import('../../src/tmf/catalogue.data.ts');
  const row: ApiRow = [
    'TMF999',
    'Lighthouse Management',
    '5.0.0',
    PLACE,
    [
      [TYPES[0]!, 'Create', ['lighthouse']],
      [TYPES[1]!, 'StateChange', ['lighthouse'], 'lampStateChangeEvent'],
    ],
  ];
  const url = await start([...catalogueRows, row], []);
  await showThatItWorks(url, 'lampStateChangeEvent');
});
