import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { FakeGateway } from './fake-gateway.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(
  argv: readonly string[],
  options: { nodeOptions?: string[]; env?: Record<string, string> } = {},
) {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), 'src/main.ts', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...options.env },
  });
  children.push(child);
  return child;
}

/** Runs to the end. */
async function main(argv: readonly string[], options: Parameters<typeof start>[1] = {}) {
  const child = start(argv, options);
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...texts };
}

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await main(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test('exit codes reach the shell: 0, 1, 2, 3', async () => {
  const nobody = await FakeGateway.start();
  await nobody.stop();
  const codes = await Promise.all([
    main(['--help']),
    main(['publish', '--types', 'xyzzy']),
    main(['nonsense']),
    main(['subscriptions', 'list', '--admin', nobody.url]),
  ]);
  expect(codes.map(({ code }) => code)).toEqual([0, 1, 2, 3]);
});

test('no colours where stdout is no terminal, nor with NO_COLOR', async () => {
  const ESCAPE = '\u001b';
  expect((await main(['--help'])).out).not.toContain(ESCAPE);
  expect((await main(['--help'], { env: { FORCE_COLOR: '1' } })).out).toContain(ESCAPE);
  expect((await main(['--help'], { env: { NO_COLOR: '1' } })).out).not.toContain(ESCAPE);
});

test('a reader that has seen enough is no failure', async () => {
  const child = start(['publish', '--types']);
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
});

describe('an older Node', () => {
  // Says that it is Node 20 before anything else runs.
  const pretend =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.11.0"}})';

  test('gets one clear sentence and exit code 2', async () => {
    const { code, out, err } = await main(['--version'], { nodeOptions: ['--import', pretend] });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^tmf-hub-gateway needs Node\.js 24 or newer and this is 20\.11\.0: [^\n]+\n$/);
  });

  test('finds nothing to stumble over first: the entry imports only once the version is known', async () => {
    const source = await readFile('src/main.ts', 'utf8');
    expect(source).not.toMatch(/^import\b/m);
  });
});

describe('signals', () => {
  test('the first lets a command finish, the second ends it at once with 130', async () => {
    const gateway = await FakeGateway.start();
    try {
      gateway.answer = () => ({ status: 201, body: { id: 's-1' } });
      const child = start(['listen', '--register', '/', '--cleanup', '--gateway', gateway.url]);
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.includes('s-1')) break;
      }
      const asked = Promise.withResolvers<undefined>();
      // The end of the subscription is never answered: only a second signal can end the wait.
      gateway.hold = () => asked.resolve(undefined);
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await asked.promise;
      child.kill('SIGTERM');
      expect(await closed).toEqual([130, null]);
    } finally {
      await gateway.stop();
    }
  });
});
