import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify } from '../../scripts/services/process-identity.ts';
import { whatIsWrong as whatIsWrongWithRabbitmq } from '../../scripts/services/rabbitmq-probe.ts';
import { rabbitmqctl, startRabbitmq } from '../../scripts/services/rabbitmq.ts';
import { whatIsWrong as whatIsWrongWithRedis } from '../../scripts/services/redis-probe.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { until } from '../sqlite/until.ts';

const SERVICES = fileURLToPath(new URL('../../scripts/services.ts', import.meta.url));
/** The first time fetches packages. */
const SLOW = 180_000;

let temp: string;

beforeEach(async () => {
  temp = await mkdtemp(path.join(os.tmpdir(), 'services-test-'));
});

afterEach(async () => {
  await services('down');
  await rm(temp, { recursive: true, force: true });
});

async function services(command: string, settings: Readonly<Record<string, string>> = {}) {
  const unnamed = { TMF_HUB_KAFKA_BROKERS: '', TMF_HUB_RABBITMQ_URL: '', TMF_HUB_REDIS_URL: '' };
  const env = { ...process.env, TMPDIR: temp, ...unnamed, ...settings };
  return new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [SERVICES, ...command.split(' ')], { env }, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

test(
  'RabbitMQ and Redis come up together, are the same the second time, and go without a trace',
  async () => {
    const up = await services('up rabbitmq redis');
    const [rabbitmq = '', redis = ''] = up.stdout.trim().split('\n');
    expect(rabbitmq).toMatch(/^export TMF_HUB_RABBITMQ_URL=amqp:\/\/guest:guest@127\.0\.0\.1:\d+$/);
    expect(redis).toMatch(/^export TMF_HUB_REDIS_URL=redis:\/\/127\.0\.0\.1:\d+$/);
    expect(await whatIsWrongWithRabbitmq(rabbitmq.split('=')[1]!)).toBeUndefined();
    expect(await whatIsWrongWithRedis(redis.split('=')[1]!)).toBeUndefined();
    expect((await services('up redis rabbitmq')).stdout.trim().split('\n')).toEqual([redis, rabbitmq]);
    const folder = path.join(temp, (await readdir(temp))[0]!);
    const pids = await Promise.all(
      ['rabbitmq', 'redis'].map(async (name) => {
        const state = JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8')) as {
          processes: { pid: number }[];
        };
        return state.processes.map(({ pid }) => pid);
      }),
    );
    expect(pids.map(({ length }) => length)).toEqual([2, 1]);
    const down = await services('down');
    expect(down.stderr).toContain('rabbitmq: ended\nredis: ended\n');
    for (const pid of pids.flat()) expect(identify(pid)).toBeUndefined();
    expect((await readdir(folder)).filter((name) => /^(?:rabbitmq|redis)/.test(name))).toEqual([]);
  },
  SLOW,
);

test('they run on one node', async () => {
  const { stdout, stderr } = await services('up redis --nodes 3');
  expect({ stdout, stderr }).toEqual({
    stdout: '',
    stderr: 'redis runs on one node only: leave out --nodes\n',
  });
});

test('an address that does not answer is said, and nothing is started in its place', async () => {
  const settings = { TMF_HUB_RABBITMQ_URL: 'amqp://127.0.0.1:1', TMF_HUB_REDIS_URL: 'redis://127.0.0.1:1' };
  for (const name of ['rabbitmq', 'redis']) {
    const { stdout, stderr } = await services(`up ${name}`, settings);
    expect(stdout).toBe('');
    expect(stderr).toContain('127.0.0.1:1 does not answer');
  }
});

test(
  'RabbitMQ that was killed is there again with its data, on the same port',
  async () => {
    const rabbitmq = await startRabbitmq({ directory: temp });
    try {
      await rabbitmqctl(rabbitmq.control, ['add_vhost', 'kept']);
      const { pid } = rabbitmq;
      await rabbitmq.kill();
      expect(identify(pid)).toBeUndefined();
      expect(await whatIsWrongWithRabbitmq(rabbitmq.url)).toBeDefined();
      await rabbitmq.start();
      expect(await whatIsWrongWithRabbitmq(rabbitmq.url)).toBeUndefined();
      expect(await rabbitmqctl(rabbitmq.control, ['list_vhosts'])).toContain('kept');
      await rabbitmq.stop();
      expect(rabbitmq.pid).toBe(0);
    } finally {
      await rabbitmq.end();
    }
    await until(() => Promise.resolve(identify(rabbitmq.epmdPid) === undefined));
    expect(existsSync(rabbitmq.directory)).toBe(false);
  },
  SLOW,
);

test(
  'Redis that was killed is there again with its data, on the same port',
  async () => {
    const redis = await startRedis({ directory: temp });
    try {
      const { createClient } = await import('redis');
      const client = await createClient({ url: redis.url })
        .on('error', () => undefined)
        .connect();
      await client.set('kept', 'yes');
      client.destroy();
      await redis.kill();
      await redis.start();
      const again = await createClient({ url: redis.url }).connect();
      expect(await again.get('kept')).toBe('yes');
      again.destroy();
    } finally {
      await redis.end();
    }
    expect(existsSync(redis.directory)).toBe(false);
  },
  SLOW,
);
