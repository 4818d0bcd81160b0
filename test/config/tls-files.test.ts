import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { silentLogger, type Logger } from '../../src/logger.ts';
import { PemFile } from '../../src/pem-file.ts';
import { presentTexts, TlsFiles, type TlsTexts } from '../../src/tls-files.ts';
import { MountedSecret } from '../support/mounted-secret.ts';
import { createTestCa } from '../support/test-ca.ts';

/** Of one authority: its certificate, and one for a client with its key. */
type Issued = Record<'ca' | 'cert' | 'key', string>;

let folder: string;
let former: Issued;
let renewed: Issued;
let mounted: MountedSecret;
let lines: { level: 'info' | 'warn'; message: string; fields: object }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-files-'));
  const issued = async (name: string): Promise<Issued> => {
    const ca = await createTestCa(join(folder, name));
    return { ca: ca.ca, ...(await ca.issue({ name: 'gateway', client: true })) };
  };
  [former, renewed] = await Promise.all([issued('former'), issued('renewed')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  mounted = new MountedSecret(mkdtempSync(join(folder, 'secret-')));
  lines = [];
  mounted.replace(former);
});

const logger: Logger = {
  ...silentLogger,
  info: (fields, message) => lines.push({ level: 'info', message, fields }),
  warn: (fields, message) => lines.push({ level: 'warn', message, fields }),
};

function filesOf(serverName?: string): TlsFiles {
  const settings = {
    ca: new PemFile(mounted.path('ca'), 'certificates'),
    cert: new PemFile(mounted.path('cert'), 'certificates'),
    key: new PemFile(mounted.path('key'), 'private key'),
  };
  return new TlsFiles('kafka', { ...settings, serverName }, logger);
}

const textsOf = ({ ca, cert, key }: Issued): TlsTexts => ({
  ca: readFileSync(ca, 'utf8'),
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});

/** A file with the first part of what is in another one, after the whole of others. */
function half(path: string, ...whole: string[]): string {
  const [text = '', ...before] = [path, ...whole].map((file) => readFileSync(file, 'utf8'));
  const written = join(folder, 'half.pem');
  writeFileSync(written, before.join('') + text.slice(0, text.length / 2));
  return written;
}

test('nothing changes: the same texts, whatever is read, and nothing is said', () => {
  const files = filesOf('kafka.test');
  const texts = presentTexts(files);
  expect(texts).toEqual(textsOf(former));
  mounted.replace(former);
  expect(presentTexts(files)).toBe(texts);
  expect(files).toMatchObject({ ...textsOf(former), serverName: 'kafka.test' });
  expect(lines).toEqual([]);
});

test('what is renewed counts at the next look, and is said once', () => {
  const files = filesOf();
  mounted.replace({ ...former, ca: renewed.ca });
  expect(presentTexts(files)).toEqual({ ...textsOf(former), ca: textsOf(renewed).ca });
  mounted.replace(renewed);
  expect(presentTexts(files)).toEqual(textsOf(renewed));
  expect(presentTexts(files)).toBe(presentTexts(files));
  expect(files).toMatchObject(textsOf(renewed));
  const said = (...settings: string[]) => ({
    level: 'info',
    message: 'tls.files-renewed',
    fields: { settings },
  });
  expect(lines).toEqual([said('kafka.tls.ca'), said('kafka.tls.cert', 'kafka.tls.key')]);
});

const TROUBLES: [string, 'ca' | 'cert' | 'key', string, () => Partial<Issued>][] = [
  ['away', 'ca', 'no such file or directory', () => ({ cert: renewed.cert, key: renewed.key })],
  [
    'an authority half written, after another one',
    'ca',
    'one in it cannot be read',
    () => ({ ...renewed, ca: half(renewed.ca, former.ca) }),
  ],
  [
    'a certificate half written',
    'cert',
    'one in it cannot be read',
    () => ({ ...renewed, cert: half(renewed.cert) }),
  ],
  [
    'a key half written',
    'key',
    'there is none in it that can be read',
    () => ({ ...renewed, key: half(renewed.key) }),
  ],
  [
    'the key of another certificate',
    'key',
    'it is not the key of kafka.tls.cert',
    () => ({ ...renewed, key: former.key }),
  ],
];

test.each(TROUBLES)('%s: the whole of what was before counts, said once', (_, member, why, broken) => {
  const files = filesOf();
  const before = presentTexts(files);
  mounted.replace(broken());
  for (let i = 0; i < 3; i++) expect(presentTexts(files)).toBe(before);
  const path = mounted.path(member);
  const reason = `kafka.tls.${member}: ${why}; what was read before counts`;
  const warning = {
    level: 'warn',
    message: 'tls.files-unreadable',
    fields: { setting: `kafka.tls.${member}`, path, reason },
  };
  expect(lines).toEqual([warning]);

  mounted.replace(former);
  expect(presentTexts(files)).toBe(before);
  expect(lines).toHaveLength(1);
  mounted.replace(broken());
  presentTexts(files);
  expect(lines).toEqual([warning, warning]);
  mounted.replace(renewed);
  expect(presentTexts(files)).toEqual(textsOf(renewed));
  expect(lines.slice(2)).toEqual([expect.objectContaining({ message: 'tls.files-renewed' })]);
  expect(JSON.stringify(lines)).not.toContain('-----');
});

test('troubles that take turns are said once each', () => {
  const files = filesOf();
  for (let i = 0; i < 2; i++)
    for (const [, , , broken] of TROUBLES) {
      mounted.replace(broken());
      presentTexts(files);
    }
  expect(lines).toHaveLength(TROUBLES.length);
});

test('of a section that names no files there is nothing to read', () => {
  const files = new TlsFiles('redis', { serverName: 'redis.test' }, logger);
  expect(presentTexts(files)).toEqual({});
  expect(lines).toEqual([]);
});

test('texts of their own stay what they are', () => {
  const texts = { ca: 'a' };
  expect(presentTexts(texts)).toBe(texts);
  expect(presentTexts(undefined)).toBeUndefined();
});

test('whoever prints a file, or copies its members, shows its path and nothing of its contents', () => {
  const file = new PemFile(former.key, 'private key');
  const shown = [
    JSON.stringify(file),
    inspect(file, { showHidden: true }),
    JSON.stringify(Object.entries(file)),
  ];
  for (const text of shown) expect(text).not.toContain('PRIVATE');
  expect(JSON.parse(shown[0]!)).toEqual({ path: former.key });
  expect(file.text).toContain('PRIVATE');
});
