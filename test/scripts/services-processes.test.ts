import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GuardedProcess } from '../../scripts/services/guarded-process.ts';
import { freePorts, onFreshPorts, PortTaken } from '../../scripts/services/ports.ts';
import { endProcess, identify, isRunning } from '../../scripts/services/process-identity.ts';
import { until } from '../sqlite/until.ts';

const CHILD = fileURLToPath(new URL('./guarded-child.ts', import.meta.url));

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'services-test-'));
});

afterEach(async () => rm(directory, { recursive: true, force: true }));

function sleeper(): { child: ChildProcess; pid: number } {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  return { child, pid: child.pid! };
}

describe('a process that is under guard', () => {
  async function parentOfGuarded(...args: string[]): Promise<{ parent: ChildProcess; pid: number }> {
    const parent = spawn(process.execPath, [CHILD, directory, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    return { parent, pid: Number(line) };
  }

  test('ends when its parent is killed, and its folder goes', async () => {
    const { parent, pid } = await parentOfGuarded();
    const guarded = identify(pid)!;
    parent.kill('SIGKILL');
    await until(() => !isRunning(guarded) && !existsSync(directory));
  });

  test('lives on once it is released, and its folder stays', async () => {
    const { parent, pid } = await parentOfGuarded('release');
    const released = identify(pid)!;
    const gone = once(parent, 'exit');
    parent.kill('SIGKILL');
    await gone;
    // What the kernel told the first test's watcher, it has told by the time that another one acted on it.
    const other = await mkdtemp(path.join(os.tmpdir(), 'services-test-'));
    const witness = spawn(process.execPath, [CHILD, other], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(witness.stdout, 'data');
    witness.kill('SIGKILL');
    await until(() => !existsSync(other));
    expect(isRunning(released)).toBe(true);
    expect(existsSync(directory)).toBe(true);
    await endProcess(released);
  });

  test('tells what a program ended by that could not run', async () => {
    const output = path.join(directory, 'output.log');
    const guarded = await GuardedProcess.launch({
      program: path.join(directory, 'nowhere'),
      args: [],
      directory,
      output,
      scratch: directory,
    });
    expect(await guarded.ended).toBe('exit 127');
    expect(await readFile(output, 'utf8')).toContain('nowhere');
    expect(existsSync(directory)).toBe(true);
  });
});

describe('a process that is remembered by its pid and start', () => {
  test('is ended, and only it', async () => {
    const mine = sleeper();
    const foreign = sleeper();
    const identity = identify(mine.pid)!;
    // What it would look like after the pid went to another process.
    const reused = { pid: foreign.pid, started: identity.started + '0' };
    await endProcess(identity);
    await endProcess(reused);
    expect(isRunning(identity)).toBe(false);
    expect(isRunning(reused)).toBe(false);
    expect(foreign.child.signalCode).toBeNull();
    expect(identify(foreign.pid)).toBeDefined();
    const gone = once(foreign.child, 'exit');
    foreign.child.kill('SIGKILL');
    await gone;
    expect(identify(foreign.pid)).toBeUndefined();
  });
});

describe('ports', () => {
  test('are free and all different, and none is one for outgoing connections', async () => {
    const taken = (await freePorts(1))[0]!;
    const server = createServer().listen(taken, '127.0.0.1');
    await once(server, 'listening');
    // The numbers that a port is chosen by: three times the taken one, then two others.
    const wanted = [taken, taken, taken, 20_001, 20_001, 31_999];
    const numbers = wanted.map((port) => (port - 20_000 + 0.5) / 12_000);
    const ports = await freePorts(2, () => numbers.shift() ?? Math.random());
    expect(ports).not.toContain(taken);
    expect(new Set(ports).size).toBe(2);
    expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true);
    server.close();
  });

  test('lost in a race are chosen anew, but not for ever', async () => {
    let starts = 0;
    const losing = (times: number) => async () => {
      if (starts++ < times) throw new PortTaken('lost');
      return starts;
    };
    await expect(onFreshPorts(losing(2))).resolves.toBe(3);
    starts = 0;
    await expect(onFreshPorts(losing(1000))).rejects.toThrow('lost');
    starts = 0;
    await expect(onFreshPorts(async () => Promise.reject(new Error(`other ${++starts}`)))).rejects.toThrow(
      'other 1',
    );
  });
});
