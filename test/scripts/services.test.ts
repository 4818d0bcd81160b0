import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { whatIsWrong } from '../../scripts/services/kafka-probe.ts';
import { identify } from '../../scripts/services/process-identity.ts';
import { sharedKafka } from '../support/kafka.ts';
import { until } from '../sqlite/until.ts';

const SERVICES = fileURLToPath(new URL('../../scripts/services.ts', import.meta.url));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Its own temp folder is its own state: it sees nothing that a person's `up` in this checkout started. */
let temp: string;

beforeEach(async () => {
  temp = await mkdtemp(path.join(os.tmpdir(), 'services-test-'));
});

afterEach(async () => {
  if (existsSync(await stateFile())) await services('down');
  await rm(temp, { recursive: true, force: true });
});

async function services(command: string, settings: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: temp, TMF_HUB_KAFKA_BROKERS: '', ...settings };
  return new Promise((resolve) => {
    execFile(process.execPath, [SERVICES, ...command.split(' ')], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** A folder for PATH that holds only these programs: those of the system by their names, others by their text. */
async function pathOf(...programs: (string | { name: string; text: string })[]): Promise<string> {
  const directory = await mkdtemp(path.join(temp, 'path-'));
  for (const program of programs) {
    if (typeof program === 'string') {
      await symlink(await which(program), path.join(directory, program));
    } else {
      await writeFile(path.join(directory, program.name), program.text);
      await chmod(path.join(directory, program.name), 0o755);
    }
  }
  return directory;
}

async function which(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `command -v ${program}`]);
  return stdout.trim();
}

async function stateFile(): Promise<string> {
  const [folder] = (await readdir(temp)).filter((name) => name.startsWith('tmf-hub-services-'));
  return path.join(temp, folder ?? 'none', 'kafka.json');
}

test('up starts a broker, a second up answers the same one, and down ends exactly it', async () => {
  const withoutDocker = { PATH: await pathOf('java', 'mvn', 'sh', 'sleep', 'rm') };
  const up = await services('up kafka', withoutDocker);
  expect(up.stderr).toContain('started (native)');
  expect(up.stdout).toMatch(/^export TMF_HUB_KAFKA_BROKERS=127\.0\.0\.1:\d+\n$/);
  const broker = up.stdout.trim().split('=')[1]!;
  expect(await whatIsWrong(broker)).toBeUndefined();
  expect((await services('up kafka', withoutDocker)).stdout).toBe(up.stdout);
  expect((await services('up kafka --nodes 3', withoutDocker)).stderr).toContain('take it down first');
  expect((await services('status')).stdout).toContain(`${broker} answers`);

  const state = JSON.parse(readFileSync(await stateFile(), 'utf8')) as {
    processes: { pid: number }[];
    folder: string;
  };
  const running = identify(state.processes[0]!.pid)!;
  const data = path.join(path.dirname(await stateFile()), state.folder);
  expect(existsSync(data)).toBe(true);
  const foreign = await sameCommandLine(running.pid);

  expect((await services('down')).stderr).toContain('kafka: ended\n');
  expect(identify(running.pid)).toBeUndefined();
  expect(existsSync(data)).toBe(false);
  expect((await services('status')).stdout).toContain('kafka: not started from here\n');
  expect((await services('down kafka')).stderr).toBe('kafka: not started from here\n');
  expect(identify(foreign.pid)).toBeDefined();
  await foreign.end();
}, 60_000);

/** A process that looks like the one of this pid to whoever goes by names. */
async function sameCommandLine(pid: number): Promise<{ pid: number; end(): Promise<void> }> {
  const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  const child = spawn('sleep', ['1000'], { argv0: line, stdio: 'ignore' });
  await once(child, 'spawn');
  await until(async () => (await readFile(`/proc/${child.pid!}/cmdline`, 'utf8')).startsWith(line));
  return {
    pid: child.pid!,
    end: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

test('down does not touch a process that got the pid of one that it started', async () => {
  await services('status');
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const state = {
    how: 'native',
    environment: { TMF_HUB_KAFKA_BROKERS: '127.0.0.1:1' },
    processes: [{ pid: child.pid, started: '1' }],
    containers: [],
    nodes: 1,
  };
  writeFileSync(await stateFile(), JSON.stringify(state));
  expect((await services('down')).stderr).toContain('kafka: ended\n');
  expect(identify(child.pid!)).toBeDefined();
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
});

test('an address in the environment is used when it answers, and nothing is started', async () => {
  const named = (await sharedKafka()).brokers.join(',');
  const nothing = await pathOf();
  const up = await services('up kafka', { TMF_HUB_KAFKA_BROKERS: named, PATH: nothing });
  expect(up).toMatchObject({ code: 0, stdout: `export TMF_HUB_KAFKA_BROKERS=${named}\n` });
  expect((await services('status')).stdout).toContain('kafka: not started from here\n');

  const dead = await services('up kafka', { TMF_HUB_KAFKA_BROKERS: '127.0.0.1:1' });
  expect(dead).toMatchObject({ code: 1, stdout: '' });
  expect(dead.stderr).toContain('TMF_HUB_KAFKA_BROKERS=127.0.0.1:1 does not answer');
}, 60_000);

test('without Docker, Java or Maven one sentence says what to do', async () => {
  const settings = { XDG_CACHE_HOME: path.join(temp, 'cache'), JAVA_HOME: '' };
  const noJava = await services('up kafka', { ...settings, PATH: await pathOf() });
  expect(noJava).toMatchObject({ code: 1, stdout: '' });
  expect(noJava.stderr).toMatch(/^Kafka needs Java, and "java" is not here\. Install it .*\n$/);

  const old = { name: 'java', text: '#!/bin/sh\necho \'openjdk version "11.0.2"\' >&2\n' };
  const oldJava = await services('up kafka', { ...settings, PATH: await pathOf(old) });
  expect(oldJava.stderr).toMatch(/^Java 11 is too old for Kafka 4\..*\n$/);

  const noMaven = await services('up kafka', { ...settings, PATH: await pathOf('java') });
  expect(noMaven.code).toBe(1);
  expect(noMaven.stderr).toContain('Kafka needs Maven, and "mvn" is not here.');
  expect(await readdir(path.join(temp, 'cache', 'tmf-hub-gateway'))).toEqual([]);
});

test('where a Docker engine answers it is asked for a container on a loopback port', async () => {
  const asked = path.join(temp, 'asked');
  const text = `#!/bin/sh
[ "$1" = info ] && exit 0
for word in "$@"; do echo "$word"; done >> ${asked}
echo 'no space left' >&2
exit 125
`;
  const up = await services('up kafka', { PATH: await pathOf({ name: 'docker', text }) });
  expect(up).toMatchObject({ code: 1, stdout: '' });
  expect(up.stderr).toContain('docker run apache/kafka:4.2.1 failed: no space left');
  const words = (await readFile(asked, 'utf8')).split('\n');
  const port = /127\.0\.0\.1:(\d+):\1$/.exec(words[words.indexOf('--publish') + 1]!)![1]!;
  expect(words).toContain(`KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:${port}`);
  expect(words.find((word) => word.startsWith('KAFKA_LISTENERS='))).toContain(`PLAINTEXT://:${port}`);
  expect(words.at(-2)).toBe('apache/kafka:4.2.1');
});

test('mistakes on the command line are told, with the usage', async () => {
  for (const command of ['', 'up', 'up nothing', 'up kafka --nodes 2', 'sideways', 'down --all']) {
    const ran = await services(command);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('usage: ');
    expect(ran.stderr).not.toMatch(/^ +at /m);
  }
});
