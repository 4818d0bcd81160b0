import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SourceRecord } from '../../src/brokers/broker.ts';
import { until } from '../sqlite/until.ts';
import { Site, onlyPartition, partitionsOf, readAll, record, textOf } from './embedded-site.ts';

let site: Site;
let children: ChildProcess[];

beforeEach(() => {
  site = new Site();
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map(kill));
  await site.remove();
});

interface Line {
  readonly n?: number;
  readonly partition?: number;
  readonly offset?: number;
  readonly refused?: string;
  readonly failed?: string;
  readonly healthy?: boolean;
  readonly started?: true;
}

/** Another process that appends to the log of the site; `lines` is what it has said so far. */
function appender(pauseMs = 0, fileLimitKib = 0): { child: ChildProcess; lines: Line[] } {
  const script = fileURLToPath(new URL('./embedded-child.ts', import.meta.url));
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', script, site.dir, `${pauseMs}`];
  const limited = ['-c', 'ulimit -S -f "$0" && exec "$@"', `${fileLimitKib}`, ...command];
  const child =
    fileLimitKib > 0
      ? spawn('bash', limited, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  return { child, lines };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

const acknowledged = (lines: readonly Line[]) => lines.filter(({ offset }) => offset !== undefined);

/** Opens the log as the next process does, and holds each acknowledgement against what is there. */
async function expectAllThere(lines: readonly Line[]): Promise<void> {
  const log = await site.open({ partitionsPerTopic: 3 });
  const stored = new Map<string, SourceRecord>();
  for (const partition of await partitionsOf(log)) {
    const records = await readAll(log, partition);
    expect(records.map(({ source }) => source.offset)).toEqual(records.map((_, i) => i));
    for (const one of records) stored.set(`${one.source.partition}:${one.source.offset}`, one);
  }
  const missing = acknowledged(lines).filter(({ n, partition, offset }) => {
    const found = stored.get(`${partition}:${offset}`);
    return !found || textOf(found) !== `${n} `.padEnd(1_500, `${n}`);
  });
  expect(missing).toEqual([]);
  const refused = new Set(lines.filter((line) => line.refused !== undefined).map(({ n }) => `e${n}`));
  expect([...stored.values()].filter(({ headers }) => refused.has(headers['eventId']!))).toEqual([]);
  await log.stop();
}

describe('the embedded log under kill -9', () => {
  test('has everything that was acknowledged, again and again', async () => {
    let all: Line[] = [];
    for (const enough of [1, 500, 2_000]) {
      const { child, lines } = appender();
      await until(() => acknowledged(lines).length >= enough);
      await kill(child);
      all = [
        ...all.map(({ partition, offset, n }) => ({ partition: partition!, offset: offset!, n: n! })),
        ...acknowledged(lines),
      ];
      const offsets = all.map(({ partition, offset }) => `${partition}:${offset}`);
      expect(new Set(offsets).size).toBe(offsets.length);
      await expectAllThere(all);
    }
  });
});

describe('a second process on the data directory', () => {
  test('is refused with one sentence, while the first goes on', async () => {
    const first = appender(5);
    await until(() => acknowledged(first.lines).length > 0);
    await expect(site.open()).rejects.toThrow(/log\.db is in use by another process: stop that one/);
    const second = appender();
    await until(() => second.lines.length > 0);
    expect(second.lines[0]?.failed).toMatch(/log\.db is in use by another process/);
    const before = acknowledged(first.lines).length;
    await until(() => acknowledged(first.lines).length > before + 20);
    expect(first.lines.filter(({ refused }) => refused !== undefined)).toEqual([]);
  });

  test('may come as soon as the first was killed', async () => {
    const first = appender();
    await until(() => acknowledged(first.lines).length > 0);
    await kill(first.child);
    const log = await site.open();
    await log.append(record('mine'));
  });
});

describe('RULES 26: the embedded log on a full disk', () => {
  test('refuses events, says so, serves what it has, and goes on when there is room', async () => {
    const log = await site.open({ maxPages: 100 });
    const partition = await onlyPartition(log);
    await log.append(record('kept'));
    const large = () => log.append(record(Buffer.alloc(1 << 20)));
    const refused = await large().catch((error: unknown) => error as Error);
    expect(refused).toMatchObject({ name: 'PublishRefused' });
    expect((refused as Error).message).toMatch(/the event was not stored: .*log\.db .*the disk is full/);
    expect(log.health()).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/disk is full/) as string,
    });
    expect(await log.bounds(partition)).toEqual({ start: 0, end: 1 });
    expect((await readAll(log, partition)).map(textOf)).toEqual(['kept']);
    await until(() => log.health().ok, site.clock);
    expect(await log.append(record('next'))).toMatchObject({ offset: 1 });
  });

  const prlimit = spawnSync('prlimit', ['--version']).status === 0;
  (prlimit ? test : test.skip)(
    'loses nothing acknowledged when the commit itself fails to write',
    async () => {
      const { child, lines } = appender(1, 3_000);
      await until(() => lines.filter(({ refused }) => refused !== undefined).length >= 50);
      expect(lines.find(({ refused }) => refused !== undefined)?.refused).toMatch(
        /log\.db could not be (read or )?written/,
      );
      expect(acknowledged(lines).length).toBeGreaterThan(100);
      await until(() => lines.some(({ healthy }) => healthy === false));
      spawnSync('prlimit', ['--pid', `${child.pid}`, '--fsize=unlimited']);
      const before = acknowledged(lines).length;
      await until(() => acknowledged(lines).length > before + 500);
      await until(() => lines.findLast(({ healthy }) => healthy !== undefined)?.healthy === true);
      await kill(child);
      await expectAllThere(lines);
    },
  );
});
