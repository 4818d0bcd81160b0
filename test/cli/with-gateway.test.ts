import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openListener, type Listener, type Received } from '../../src/cli/listener.ts';
import { runCommand } from './run-command.ts';

/** The commands against a gateway that runs as a process of its own. */
const BASE = '/tmf-api/productOrderingManagement/v4';

let folder: string;
let gateway: { child: ChildProcess; env: Record<string, string>; port: number };
let listener: Listener;
let received: Received[];
let refuse: (received: Received) => boolean;

function serve(settings: Record<string, string>, ...argv: string[]) {
  const child = spawn(process.execPath, ['src/main.ts', 'serve', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TMF_HUB_SERVER_PORT: '0',
      TMF_HUB_SERVER_HOST: '127.0.0.1',
      TMF_HUB_ADMIN_PORT: '0',
      TMF_HUB_RETRY_DELAYS: '',
      TMF_HUB_DATA_DIR: join(folder, 'data'),
      ...settings,
    },
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  return { child, texts, closed: once(child, 'close') as Promise<[number | null]> };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-gateway-'));
  const { child } = serve({ TMF_HUB_LOG_LEVEL: 'silent' });
  const ready = Promise.withResolvers<{ port: number; adminPort: number }>();
  createInterface({ input: child.stdout }).on('line', (line) => ready.resolve(JSON.parse(line) as never));
  child.once('close', (code) => ready.reject(new Error(`the gateway ended with ${code}`)));
  const { port, adminPort } = await ready.promise;
  gateway = {
    child,
    port,
    env: { TMF_HUB_GATEWAY: `http://127.0.0.1:${port}`, TMF_HUB_ADMIN: `http://127.0.0.1:${adminPort}` },
  };
  listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    answer: (request) => ({ status: refuse(request) ? 500 : 204 }),
    answered: (request) => received.push(request),
  });
});

afterAll(async () => {
  await listener.close();
  const closed = once(gateway.child, 'close');
  gateway.child.kill('SIGTERM');
  const [code] = (await closed) as [number | null];
  await rm(folder, { recursive: true, force: true });
  expect(code).toBe(0);
});

beforeEach(() => {
  received = [];
  refuse = () => false;
});

const cli = async (...argv: string[]) => {
  const { code, out, err } = await runCommand(argv, { env: gateway.env });
  return { code, out, err };
};
const json = async <T>(...argv: string[]): Promise<T> => {
  const { code, out, err } = await cli(...argv, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as T;
};

async function until<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A subscription of its own for one test; ended by the test's end. */
async function subscribed(work: (id: string) => Promise<void>): Promise<void> {
  const added = await cli('subscriptions', 'add', `${listener.origin}/orders`, '--hub', BASE);
  expect(added).toMatchObject({ code: 0, err: '' });
  await work(added.out);
  expect(await cli('subscriptions', 'remove', added.out)).toEqual({ code: 0, out: added.out, err: '' });
  expect((await cli('subscriptions', 'show', added.out)).code).toBe(1);
}

const publish = () => json<{ eventId: string }>('publish', '-t', 'ProductOrderCreateEvent', '--base', BASE);

test('add, publish, explain, pause, resume, replay, remove', () =>
  subscribed(async (id) => {
    const { eventId } = await publish();
    await until(() => received.find((request) => request.eventId === eventId));
    await until(
      async () =>
        (await cli('subscriptions', 'explain', id, eventId)).out.startsWith('delivered') || undefined,
    );
    expect(await json('subscriptions', 'list')).toMatchObject({ total: 1, items: [{ id, state: 'active' }] });
    expect((await cli('subscriptions', 'list')).out).toContain(`${BASE}/hub`);

    expect((await cli('subscriptions', 'pause', id)).out).toBe('paused');
    const held = await publish();
    await until(
      async () =>
        (await cli('subscriptions', 'explain', id, held.eventId)).out.startsWith('held') || undefined,
    );
    expect((await cli('subscriptions', 'resume', id)).out).toBe('active');
    await until(() => received.find((request) => request.eventId === held.eventId));

    expect((await cli('subscriptions', 'replay', id, '--from-event', eventId)).code).toBe(0);
    // Events of other resources that came later are replayed as well, in no order among each other.
    const again = await until(() =>
      received.find((one) => one.eventId === eventId && one.headers['x-tmf-hub-replay'] === 'true'),
    );
    expect(again).toMatchObject({ earlier: { accepted: 1 } });
  }));

test('a hub that there is not is exit code 1', async () => {
  const { code, err } = await cli(
    'subscriptions',
    'add',
    `${listener.origin}/x`,
    '--hub',
    '/tmf-api/none/v4',
  );
  expect(code).toBe(1);
  expect(err).toContain('answered 404');
});

test('dead letters: list, count, show, replay corrected, replay all, discard', () =>
  subscribed(async (id) => {
    refuse = () => true;
    for (let n = 0; n < 3; n++) await publish();
    interface Letters {
      total: number;
      items: { id: string; eventId: string; payload: object }[];
    }
    const letters = await until(async () => {
      const list = await json<Letters>('dead-letters', 'list', '--subscription', id);
      return list.total === 3 ? list.items : undefined;
    });
    const [first, second] = letters;
    expect((await cli('dead-letters', 'list', '--group-by', 'reason')).out).toMatch(/^exhausted +3$/m);
    expect((await cli('dead-letters', 'show', first?.id ?? '')).out).toMatch(/^reason +exhausted$/m);

    refuse = () => false;
    const corrected = join(folder, 'corrected.json');
    await writeFile(corrected, JSON.stringify({ ...first?.payload, description: 'corrected' }));
    expect((await cli('dead-letters', 'replay', first?.id ?? '', '--body', corrected)).code).toBe(0);
    const fixed = await until(() => received.find(({ text }) => text.includes('corrected')));
    expect(fixed).toMatchObject({ eventId: first?.eventId, headers: { 'x-tmf-hub-replay': 'true' } });

    expect(await cli('dead-letters', 'discard', second?.id ?? '')).toMatchObject({
      code: 0,
      out: second?.id,
    });
    await until(async () => (await json<Letters>('dead-letters', 'list')).total === 1 || undefined);
    expect((await cli('dead-letters', 'replay', '--all', '--reason', 'exhausted')).out).toContain(
      '(1 exhausted)',
    );
    await until(async () => (await json<Letters>('dead-letters', 'list')).total === 0 || undefined);
    expect(
      (await json<Letters>('dead-letters', 'list', '--state', 'discarded')).items.map((item) => item.id),
    ).toEqual([second?.id]);
  }));

describe('serve', () => {
  test('tells all mistakes of the configuration, exit code 2', async () => {
    const file = join(folder, 'wrong.yaml');
    await writeFile(file, 'server:\n  prot: 1\nlog:\n  level: chatty\n');
    const { texts, closed } = serve({}, '--config', file);
    expect(await closed).toEqual([2, null]);
    expect(texts.out).toBe('');
    expect(texts.err).toMatch(/server\.prot: .*\n.*log\.level: /s);
  });

  test('says which port is in use, exit code 1', async () => {
    const { texts, closed } = serve({
      TMF_HUB_SERVER_PORT: String(gateway.port),
      TMF_HUB_DATA_DIR: join(folder, 'other'),
    });
    expect(await closed).toEqual([1, null]);
    expect(texts.err).toBe(
      `Port ${gateway.port} on 127.0.0.1 is in use: stop what listens there, or choose another by ` +
        'TMF_HUB_SERVER_PORT and TMF_HUB_ADMIN_PORT (0 = any free port).\n',
    );
  });

  test('a second gateway on the same data is one sentence, exit code 1', async () => {
    const { texts, closed } = serve({});
    expect(await closed).toEqual([1, null]);
    expect(texts.err).toMatch(/^The gateway cannot start: .*is in use by another process[^\n]*\n$/);
  });
});
