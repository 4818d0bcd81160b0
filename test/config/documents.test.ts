import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { keys } from '../../src/config/schema.ts';
import { cert, key } from '../callbacks/certificate.ts';

const config = join(import.meta.dirname, '../../config');
const script = join(import.meta.dirname, '../../scripts/generate-config-reference.ts');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every key says what it means, every setting what it expects', () => {
  expect(keys.filter(({ means }) => means.length < 4)).toEqual([]);
  expect(keys.filter((key) => key.kind !== 'section' && key.note.expected === '')).toEqual([]);
});

test('every setting has a default or an example', () => {
  const bare = keys.filter(
    (key) => key.kind === 'setting' && key.note.standard === undefined && key.note.example === undefined,
  );
  expect(bare).toEqual([]);
});

test('default.yaml is exactly the defaults', () => {
  const file = loadConfig({ file: join(config, 'default.yaml'), env: {} });
  expect(file.ok).toBe(true);
  expect(file).toEqual(loadConfig({ env: {} }));
});

test('default.yaml has every key; with its examples switched on it is still valid', () => {
  const text = readFileSync(join(config, 'default.yaml'), 'utf8');
  const optional = keys.filter((key) => key.kind === 'setting' && key.note.standard === undefined);
  expect(optional.length).toBeGreaterThan(0);
  const switchedOn = optional.reduce((yaml, { path }) => {
    const line = new RegExp(`^( *)# (${path.at(-1)}: )`, 'm');
    expect(yaml).toMatch(line);
    return yaml.replace(line, '$1$2');
  }, text);
  const all = join(folder, 'all.yaml');
  writeFileSync(all, switchedOn);
  const loaded = loadConfig({ file: all, env: filesOfTls() });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const settings = keys.filter(({ kind }) => kind === 'setting');
  const valueAt = (path: readonly string[]) =>
    path.reduce<unknown>((tree, name) => (tree as Record<string, unknown>)[name], loaded.config);
  const missing = settings.filter(({ path }) => valueAt(path) === undefined);
  expect(missing).toEqual([]);
});

/** The examples name files that are not here. */
function filesOfTls(): Record<string, string> {
  const pem = join(folder, 'pair.pem');
  writeFileSync(pem, `${cert}\n${key}`);
  const files = ['CA', 'CERT', 'KEY'];
  const variables = ['KAFKA', 'RABBITMQ', 'REDIS'].flatMap((broker) =>
    files.map((file) => `TMF_HUB_${broker}_TLS_${file}`),
  );
  return Object.fromEntries(variables.map((variable) => [variable, pem]));
}

test('local.yaml: embedded broker, loopback callbacks allowed, the rest by default', () => {
  const loaded = loadConfig({ file: join(config, 'local.yaml'), env: {} });
  const defaults = loadConfig({ env: {} });
  if (!loaded.ok || !defaults.ok) throw new Error('not valid');
  const allow = ['127.0.0.0/8', '::1/128', 'localhost'];
  expect(loaded.config).toEqual({ ...defaults.config, callbacks: { ...defaults.config.callbacks, allow } });
});

test('reference.md and default.yaml are current', () => {
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});

test('the reference has a row for every key and every environment variable', () => {
  const text = readFileSync(join(config, 'reference.md'), 'utf8');
  for (const key of keys) {
    const variable = key.kind === 'setting' ? ` \`${key.variables[0]}\` ` : '';
    const name = key.kind === 'section' ? `**${key.key}**` : `\`${key.key}\``;
    expect(text).toContain(`| ${name} |${variable}`);
  }
});

test('the check fails on a document that is not current, and on one that is missing', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [script, '--dir', folder, ...args]);
  expect(run('--check').status).toBe(1);
  expect(run().status).toBe(0);
  expect(run('--check').status).toBe(0);
  appendFileSync(join(folder, 'reference.md'), 'x');
  const { status, stderr } = run('--check');
  expect(status).toBe(1);
  expect(stderr.toString()).toContain('reference.md is not current: run npm run generate');
});
