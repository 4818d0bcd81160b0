import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { watchProcess } from '../support/watched-process.ts';

// Installing takes as long as the disk and the registry's cache take.
const PATIENCE_MS = 300_000;
const exec = promisify(execFile);

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-test-'));
  const packed = await exec('npm', ['pack', '--json', '--pack-destination', folder], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const filename = /"filename": "([^"]+)"/.exec(packed.stdout)?.[1] ?? '';
  await writeFile(join(folder, 'package.json'), '{"name":"a-user","private":true}');
  await exec('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename)], {
    cwd: folder,
  });
}, PATIENCE_MS);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts the installed command in the user's folder. */
function start(...argv: string[]) {
  const child = spawn(process.execPath, [join(folder, 'node_modules/.bin/tmf-hub-gateway'), ...argv], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env['PATH'], TMF_HUB_SERVER_PORT: '0', TMF_HUB_ADMIN_PORT: '0' },
      // The schemas must be there, and what the command itself publishes must fit them.
      TMF_HUB_VALIDATION_MODE: 'quarantine',
    },
  });
  children.push(child);
  return watchProcess(child);
}

test('it installs with its runtime dependencies alone, and no sources', async () => {
  const installed = await readdir(join(folder, 'node_modules'));
  expect(installed).toContain('express');
  for (const development of ['jest', 'typescript', 'eslint']) expect(installed).not.toContain(development);
  const content = await readdir(join(folder, 'node_modules/tmf-hub-gateway'));
  expect(content).toEqual(
    expect.arrayContaining(['dist', 'config', 'docs', 'openapi', 'schemas', 'LICENSE', 'README.md']),
  );
  expect(content).not.toContain('src');
});

test('--version', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const { lines, closed } = start('--version');
  expect(await closed).toEqual([0, null]);
  expect(lines).toEqual([version]);
});

test('serve, listen and publish work together: an event arrives; the data lies in the working directory', async () => {
  const gateway = start('serve');
  const { port, adminPort } = JSON.parse(await gateway.line('gateway.listening')) as Record<string, number>;
  const at = ['--gateway', `http://127.0.0.1:${port}`];
  const listener = start('listen', '--register', '/', '--json', '--exit-after', '1', ...at);
  await listener.line('listening');
  const publisher = start('publish', '--type', 'ProductOrderCreateEvent', '--json', ...at);
  const { eventId } = JSON.parse(await publisher.line('eventId')) as { eventId: string };
  expect(JSON.parse(await listener.line(eventId))).toMatchObject({
    eventType: 'ProductOrderCreateEvent',
    status: 204,
  });
  expect(await listener.closed).toEqual([0, null]);

  const list = start('subscriptions', 'list', '--json', '--admin', `http://127.0.0.1:${adminPort}`);
  expect(JSON.parse(await list.line('items'))).toMatchObject({ total: 1 });
  gateway.child.kill('SIGTERM');
  expect(await gateway.closed).toEqual([0, null]);
  expect(await readdir(folder)).toContain('data');
}, 60_000);

test('the demo plays from the package as well', async () => {
  const { line, closed } = start('demo', '--json', '--pace', '20ms');
  expect(JSON.parse(await line('published'))).toMatchObject({ ok: true });
  expect(await closed).toEqual([0, null]);
}, 60_000);
