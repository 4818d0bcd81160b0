import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts the demo with `folder` as the place for temporary files. */
function demo(...options: string[]) {
  const child = spawn(process.execPath, ['src/main.ts', 'demo', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TMPDIR: folder,
      TMF_HUB_SERVER_PORT: 'a setting that must not reach it',
    },
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  return { child, texts, closed: once(child, 'close') as Promise<[number | null]> };
}

/** Processes that work in the folder: the demo's gateway does. */
async function processesIn(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return places.filter((place) => place.startsWith(directory));
}

test('the sign-up arrives everywhere, whatever fails: 14 events, 26 deliveries, one dead letter replayed', async () => {
  const { texts, closed } = demo('--json', '--pace', '50ms');
  const [code] = await closed;
  expect({ code, err: texts.err }).toEqual({ code: 0, err: '' });
  const clean = { duplicates: 0, outOfOrder: 0, unexpected: 0, lost: 0 };
  expect(JSON.parse(texts.out)).toMatchObject({
    ok: true,
    published: 14,
    deadLetters: 0,
    replayed: 1,
    listeners: [
      { listener: 'billing', owed: 4, delivered: 4, refused: 2, ...clean },
      // One attempt and three retries of the event that it cannot read.
      { listener: 'CRM', owed: 14, delivered: 14, refused: 4, ...clean },
      { listener: 'inventory', owed: 8, delivered: 8, refused: 0, ...clean },
    ],
  });
  expect(await readdir(folder)).toEqual([]);
  expect(await processesIn(folder)).toEqual([]);
}, 60_000);

test('it can be read: who says what, and a summary at the end', async () => {
  const { texts, closed } = demo('--pace', '50ms');
  expect(await closed).toEqual([0, null]);
  for (const part of [
    /publisher +a new customer: Leyla O'Hara {2}\(IndividualCreateEvent\)/,
    /billing +answers 503 to individual .*attempt 2/,
    /inventory +is down/,
    /gateway +inventory \(\/service-orders\) does not answer: its events wait here/,
    /gateway +dead letter .*exhausted/,
    /CRM +got individual .*replayed/,
    /^ +owed +delivered/m,
    /Nothing was lost, doubled or out of order\.\n$/,
  ]) {
    expect(texts.out).toMatch(part);
  }
}, 60_000);

test('Ctrl-C in the middle leaves no process and no file behind, exit code 130', async () => {
  const { child, texts, closed } = demo();
  while (!texts.out.includes('publisher')) await once(child.stdout, 'data');
  expect(await readdir(folder)).toHaveLength(1);
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
  expect(await readdir(folder)).toEqual([]);
  expect(await processesIn(folder)).toEqual([]);
}, 60_000);
