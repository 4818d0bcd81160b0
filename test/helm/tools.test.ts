/** Programs that check the chart: found, or made once and kept. Go is a script here that writes down what it is asked. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { helm, helmUnittest } from '../../scripts/helm/tools.ts';

const NAMES = ['PATH', 'XDG_CACHE_HOME', 'HELM_BIN'] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);

let temp: string;
let bin: string;
let asked: string;
let told: string[];

const tell = (line: string) => void told.push(line);

beforeEach(async () => {
  temp = await mkdtemp(path.join(os.tmpdir(), 'tmf-hub-tools-'));
  bin = path.join(temp, 'bin');
  asked = path.join(temp, 'asked');
  told = [];
  await mkdir(bin);
  await writeFile(asked, '');
  // Scripts begin with /bin/sh; nothing else of this machine is found.
  process.env['PATH'] = bin;
  process.env['XDG_CACHE_HOME'] = path.join(temp, 'cache');
  delete process.env['HELM_BIN'];
});

afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await rm(temp, { recursive: true, force: true });
});

async function script(name: string, text: string): Promise<string> {
  const file = path.join(bin, name);
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

/** `after` is what it does once the program is written, to which `$file` leads. */
async function goThat(after = ''): Promise<void> {
  await script(
    'go',
    `echo "$*" >> '${asked}'
     case "$1" in mod) echo '{"Dir": "${temp}"}'; exit 0;; version) exit 0;; esac
     while [ "$1" != -o ]; do shift; done
     file=$2
     echo '#!/bin/sh' > "$file"
     ${after}`,
  );
}

const kept = async () => readdir(path.join(temp, 'cache/tmf-hub-gateway'));
const builds = async () =>
  (await readFile(asked, 'utf8')).split('\n').filter((line) => line.startsWith('build ')).length;

test('a program is built once, in a version of its own, and kept', async () => {
  await goThat();
  const first = await helmUnittest(tell);
  expect(await readFile(first, 'utf8')).toBe('#!/bin/sh\n');
  expect(told).toEqual(['building helm-unittest v1.1.2 from its Go module; it is kept for later']);
  expect(await helmUnittest(tell)).toBe(first);
  expect(await builds()).toBe(1);
  expect(told).toHaveLength(1);
  expect(await readFile(asked, 'utf8')).toContain('github.com/helm-unittest/helm-unittest@v1.1.2\n');
});

test('two that want it at once get the same, and leave nothing beside it', async () => {
  await goThat();
  const [first, second] = await Promise.all([helmUnittest(tell), helmUnittest(tell)]);
  expect(first).toBe(second);
  expect(await builds()).toBe(2);
  expect(await kept()).toEqual([path.basename(path.dirname(first))]);
});

test('a build that fails says what Go said, and half a program never counts', async () => {
  await goThat('echo "undefined: everything" >&2; exit 2');
  await expect(helmUnittest(tell)).rejects.toThrow(
    /^building helm-unittest failed: .*undefined: everything/s,
  );
  expect(await kept()).toEqual([]);
  await goThat();
  await expect(helmUnittest(tell)).resolves.toContain('helm-unittest-v1.1.2');
});

test('without Go it says what to install', async () => {
  await expect(helm(tell)).rejects.toThrow(
    'helm v3.22.0: there is no Go here to build it with ("go version" failed). ' +
      'Install Go, or Helm 3.18 or newer, or name one with HELM_BIN=/path/to/helm.',
  );
  expect(told).toEqual([]);
});

test('the Helm that HELM_BIN names comes first, and must be one', async () => {
  await script('helm', 'echo v3.19.2');
  const named = await script('helm-of-ours', 'echo v4.0.1');
  process.env['HELM_BIN'] = named;
  expect(await helm(tell)).toBe(named);
  for (const [name, answer] of [
    ['helm-of-old', 'echo v3.17.9'],
    ['helm-of-others', 'echo usage: helm; exit 1'],
  ] as const) {
    process.env['HELM_BIN'] = await script(name, answer);
    await expect(helm(tell)).rejects.toThrow(`${name} is no Helm 3.18 or newer that runs here.`);
  }
  process.env['HELM_BIN'] = path.join(bin, 'nowhere');
  await expect(helm(tell)).rejects.toThrow('nowhere is no Helm 3.18 or newer');
});

test('the Helm on PATH will do, unless it is too old', async () => {
  await goThat();
  const installed = await script('helm', 'echo v3.18.0+gcc58e3f');
  expect(await helm(tell)).toBe(installed);
  await script('helm', 'echo v3.9.4');
  expect(await helm(tell)).toContain('helm-v3.22.0-');
  expect(await builds()).toBe(1);
});
