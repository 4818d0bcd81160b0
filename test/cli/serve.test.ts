import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/cli/run.ts';
import { serveCommand, type Boot } from '../../src/cli/serve.ts';
import { FakeTerminal } from './fake-terminal.ts';

/** Runs `serve` with a gateway that only notes what is asked of it. */
function serve(boot: Boot, options: string[] = [], env: Record<string, string> = {}) {
  const terminal = new FakeTerminal({ env });
  return { terminal, code: run(['serve', ...options], [serveCommand(boot)], '', terminal) };
}

const running = (stopped: () => void = () => undefined) => ({
  port: 1234,
  adminPort: 1235,
  stop: () => Promise.resolve(stopped()),
});

test('says that it listens in one JSON line, and stops the gateway on a signal', async () => {
  let stopped = 0;
  const { terminal, code } = serve(() => Promise.resolve(running(() => (stopped += 1))));
  const line = await terminal.line('gateway.listening');
  expect(JSON.parse(line)).toMatchObject({ msg: 'gateway.listening', port: 1234, adminPort: 1235 });
  expect(stopped).toBe(0);
  terminal.interrupt();
  expect(await code).toBe(0);
  expect(stopped).toBe(1);
});

describe('the configuration file', () => {
  async function fileTaken(options: string[], env: Record<string, string> = {}): Promise<string> {
    const files: string[] = [];
    const { terminal, code } = serve(
      (file) => {
        files.push(file);
        return Promise.resolve(running());
      },
      options,
      env,
    );
    terminal.interrupt();
    await code;
    return files.join();
  }

  test('is the one of --config, else of TMF_HUB_CONFIG, else config/local.yaml', async () => {
    expect(await fileTaken(['--config', 'package.json'], { TMF_HUB_CONFIG: 'tsconfig.json' })).toBe(
      'package.json',
    );
    expect(await fileTaken(['-c', 'package.json'])).toBe('package.json');
    expect(await fileTaken([], { TMF_HUB_CONFIG: 'tsconfig.json' })).toBe('tsconfig.json');
    expect(await fileTaken([])).toBe('config/local.yaml');
  });

  test('is the packaged one where the working directory has none', async () => {
    const before = process.cwd();
    const folder = await mkdtemp(join(tmpdir(), 'cli-'));
    try {
      process.chdir(folder);
      expect(await fileTaken([])).toBe(join(before, 'config/local.yaml'));
    } finally {
      process.chdir(before);
      await rm(folder, { recursive: true });
    }
  });

  test('that is not there is exit code 2', async () => {
    const { terminal, code } = serve(() => Promise.resolve(running()), ['-c', 'none.yaml']);
    expect(await code).toBe(2);
    expect(terminal.errors).toEqual(['There is no configuration file none.yaml.']);
  });
});

test('all mistakes of a configuration are told at once, exit code 2', async () => {
  const { terminal, code } = serve(() => Promise.resolve({ mistakes: ['server.port: a', 'log.level: b'] }));
  expect(await code).toBe(2);
  expect(terminal.lines).toEqual([]);
  expect(terminal.errors.slice(1)).toEqual(['  server.port: a', '  log.level: b']);
});

test('variables of the command line are no settings of the gateway', async () => {
  let seen: object = {};
  const boot: Boot = (_file, env) => {
    seen = env;
    return Promise.resolve(running());
  };
  const { terminal, code } = serve(boot, [], {
    TMF_HUB_GATEWAY: 'a',
    TMF_HUB_ADMIN: 'b',
    TMF_HUB_SERVER_PORT: '0',
  });
  terminal.interrupt();
  await code;
  expect(seen).toEqual({ TMF_HUB_SERVER_PORT: '0' });
});

test('a port in use is one sentence and exit code 1', async () => {
  const error = Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 8080, address: '0.0.0.0' });
  const { terminal, code } = serve(() => Promise.reject(error));
  expect(await code).toBe(1);
  expect(terminal.errors).toEqual([
    expect.stringMatching(/^Port 8080 on 0\.0\.0\.0 is in use: .*TMF_HUB_SERVER_PORT/),
  ]);
});

test('what the gateway cannot have is one sentence and exit code 1', async () => {
  const { terminal, code } = serve(() => Promise.reject(new Error('/data is read-only')));
  expect(await code).toBe(1);
  expect(terminal.errors).toEqual(['The gateway cannot start: /data is read-only']);
});

test('a fault of the gateway is not dressed up', async () => {
  const { code } = serve(() => Promise.reject(new TypeError('a bug')));
  await expect(code).rejects.toThrow('a bug');
});
