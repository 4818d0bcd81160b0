import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/services/ports.ts';
import { TestListener } from '../support/listener.ts';
import type { WatchedProcess } from '../support/watched-process.ts';
import { buildImage, type Image } from './build.ts';
import { engines, makeVolume, withBase, type ContainerEngine } from './container.ts';
import { context, read, stages } from './repository.ts';

// Installing takes as long as the disk and the registry's cache take.
const PATIENCE_MS = 300_000;

let image: Image;
let folder: string;
let listener: TestListener;
const started: { engine: ContainerEngine; process: WatchedProcess }[] = [];

beforeAll(async () => {
  listener = await TestListener.start();
  folder = mkdtempSync(join(tmpdir(), 'image-test-'));
  // The user of the image must reach its volume.
  chmodSync(folder, 0o755);
  image = withBase(await buildImage(stages, context));
}, PATIENCE_MS);

afterEach(async () => {
  for (const { engine, process } of started) engine.kill(process);
  await Promise.all(started.splice(0).map(({ process }) => process.closed));
});

afterAll(async () => {
  await listener.stop();
  rmSync(folder, { recursive: true, force: true });
  // Undefined where the build failed.
  await (image as Image | undefined)?.remove();
});

/** Every path below, relative to the image's root, with what would change if it was written to. */
function* tree(path = ''): Generator<{ path: string; mode: number; uid: number; stamp: string }> {
  for (const name of readdirSync(join(image.root, path))) {
    const below = join(path, name);
    const stat = lstatSync(join(image.root, below));
    yield {
      path: below,
      mode: stat.mode,
      uid: stat.uid,
      stamp: `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`,
    };
    if (stat.isDirectory()) yield* tree(below);
  }
}

test('has the compiled gateway with what it reads at run time, and nothing else', () => {
  expect(readdirSync(join(image.root, 'app')).toSorted()).toEqual(
    ['LICENSE', 'config', 'dist', 'node_modules', 'openapi', 'package.json', 'schemas'].toSorted(),
  );
  const sources = [...tree('app/dist')].filter(({ path }) => path.endsWith('.ts'));
  expect(sources).toEqual([]);
});

test('nobody may write to its files, which are those of root', () => {
  const writable = [...tree('app')].filter(({ path, mode }) => {
    return !lstatSync(join(image.root, path)).isSymbolicLink() && (mode & 0o222) !== 0;
  });
  expect(writable).toEqual([]);
  const own = process.getuid?.() ?? 0;
  expect(new Set([...tree('app')].map(({ uid }) => uid))).toEqual(new Set([own]));
});

test('has all packages of production and none of development', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  };
  const places = Object.entries(lock.packages).filter(([place]) => place !== '');
  const has = (place: string) => existsSync(join(image.root, 'app', place, 'package.json'));
  const development = places.filter(([, { dev }]) => dev === true);
  expect(development.length).toBeGreaterThan(100);
  expect(development.filter(([place]) => has(place))).toEqual([]);
  const production = places.filter(([, { dev, optional }]) => dev !== true && optional !== true);
  expect(production.length).toBeGreaterThan(50);
  expect(production.filter(([place]) => !has(place))).toEqual([]);
});

describe.each(engines.map((engine) => [engine.name, engine] as const))('%s', (_name, engine) => {
  let volumes = 0;
  const newVolume = () => makeVolume(image, join(folder, `${engines.indexOf(engine)}-${volumes++}`));

  function start(volume: string, argv: readonly string[], settings: Record<string, string> = {}) {
    const process = engine.start(image, volume, argv, settings);
    started.push({ engine, process });
    return process;
  }

  const serve = [...stages.at(-1)!.config.entrypoint, ...stages.at(-1)!.config.cmd];
  const healthcheck = stages.at(-1)!.config.healthcheck!.command;

  test('serves, is healthy, delivers, drains, and leaves its files alone', async () => {
    const before = [...tree()];
    const volume = newVolume();
    const [port, adminPort] = await freePorts(2);
    const settings = {
      TMF_HUB_SERVER_PORT: String(port),
      TMF_HUB_ADMIN_PORT: String(adminPort),
      TMF_HUB_CALLBACKS_ALLOW: '127.0.0.0/8',
      TMF_HUB_LOG_LEVEL: 'debug',
    };
    const container = start(volume, serve, settings);
    expect(JSON.parse(await container.line('gateway.listening'))).toMatchObject({ port, adminPort });
    expect((await fetch(`http://127.0.0.1:${adminPort}/healthz`)).status).toBe(200);
    const healthy = start(volume, healthcheck, settings);
    expect([await healthy.closed, healthy.complaints]).toEqual([[0, null], []]);

    const { eventId, answer } = await deliverTo(listener, `http://127.0.0.1:${port}`);
    engine.terminate(container);
    answer(204);
    expect([await container.closed, container.complaints]).toEqual([[0, null], []]);
    const attempt = await container.line('delivery.attempted');
    expect(JSON.parse(attempt)).toMatchObject({ eventId, outcome: 'delivered' });

    const ill = start(volume, healthcheck, settings);
    expect([await ill.closed, ill.complaints]).toEqual([[1, null], [expect.stringContaining('No gateway')]]);
    expect(readdirSync(volume)).toEqual(['data']);
    expect([...tree()]).toEqual(before);
  }, 60_000);

  test('its user can write to the volume, and not to its files', async () => {
    const script = `
      const { accessSync, constants } = require('node:fs');
      const canWrite = (path) => { try { accessSync(path, constants.W_OK); return true; } catch { return false; } };
      const { pid } = process;
      const [uid, gid, groups] = [process.getuid(), process.getgid(), process.getgroups()];
      console.log(JSON.stringify({ uid, gid, groups, pid, writable: process.argv.slice(1).filter(canWrite) }));`;
    const paths = engine.isConfined ? ['/', '/etc', '/tmp', '/usr/local/bin/node'] : [];
    const inside = ['/app', '/app/config', '/app/package.json', '/app/dist/main.js', ...paths];
    const { closed, lines } = start(newVolume(), ['node', '-e', script, '.', ...inside]);
    expect(await closed).toEqual([0, null]);
    const seen = JSON.parse(lines.join('')) as object;
    expect(seen).toMatchObject({ writable: ['.'] });
    if (process.getuid?.() === 0) expect(seen).toMatchObject({ uid: 1000, gid: 1000 });
    if (engine.isConfined) expect(seen).toMatchObject({ pid: 1, groups: [1000] });
  });

  test('what SQLite cannot keep in memory it puts into the volume', async () => {
    // A cache of one page, so that sorting a few rows needs a file.
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync('sorted.db');
      db.exec('PRAGMA cache_size = 1; CREATE TABLE t (v TEXT)');
      db.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO t SELECT hex(randomblob(200)) FROM n");
      console.log(db.prepare('SELECT v FROM t ORDER BY v DESC').all().length);`;
    const { closed, lines, complaints } = start(newVolume(), ['node', '--no-warnings', '-e', script]);
    expect([await closed, complaints, lines]).toEqual([[0, null], [], ['9999']]);
  });
});

/** A subscription of the listener's and an event that it has received and not answered yet. */
async function deliverTo(at: TestListener, gateway: string) {
  const { promise, resolve: answer } = Promise.withResolvers<number>();
  const arrived = Promise.withResolvers<string>();
  at.answers(({ event }) => {
    arrived.resolve(event.eventId);
    return promise;
  });
  const api = `${gateway}/tmf-api/productOrderingManagement/v4`;
  await post(`${api}/hub`, { callback: `${at.url}/orders` });
  const event = { productOrder: { id: '4711', state: 'completed' } };
  await post(`${api}/event`, { eventType: 'ProductOrderStateChangeEvent', event });
  return { eventId: await arrived.promise, answer };
}

async function post(url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect([response.status, await response.text()]).toEqual([201, expect.anything()]);
}
