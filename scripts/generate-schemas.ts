/**
 * Writes schemas/: the schemas of event bodies of the TM Forum specifications, one compressed file for each API
 * version, an index with digests, and a README that says where they come from.
 *
 *   node scripts/generate-schemas.ts [folder] [--out folder] [--check]
 *
 * `folder` holds catalogue.json and specs/ and defaults to ../shared/tmf-catalogue beside the repository. With
 * --check nothing is written: exit 1 when a file is not what would be written. Without the folder the check still
 * finds edits by hand, by the digests of the index.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readmeOf } from './schemas/readme.ts';
import { readDocuments, type SchemaDocument } from './schemas/specifications.ts';

const repository = path.join(import.meta.dirname, '..');
const INDEX = 'index.json';
const ENDING = '.json.gz';

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, check: { type: 'boolean', default: false } },
  });
  const folder = positionals[0] ?? path.join(repository, '../shared/tmf-catalogue');
  const out = values.out ?? path.join(repository, 'schemas');
  if (!existsSync(path.join(folder, 'catalogue.json'))) {
    if (values.check) return checkDigests(out);
    return complain(`${folder} has no catalogue.json: name the folder with the extracted specifications.`);
  }
  const documents = readDocuments(folder);
  const broken = documents.flatMap(({ name, dangling }) => dangling.map((missing) => `${name}: ${missing}`));
  if (broken.length > 0) return complain(`Definitions are missing: ${broken.join(', ')}.`);
  const files = filesOf(documents);
  return values.check ? check(out, files) : write(out, files);
}

function complain(sentence: string): number {
  console.error(sentence);
  return 1;
}

/** Text by the name of the file; those that end in `.gz` are stored compressed. */
function filesOf(documents: readonly SchemaDocument[]): Map<string, string> {
  const files = new Map(documents.map(({ name, text }) => [name + ENDING, text]));
  files.set('README.md', readmeOf(documents));
  const digests = Object.fromEntries([...files].map(([name, text]) => [name, digest(text)]));
  return files.set(INDEX, `${JSON.stringify(digests, null, 2)}\n`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The text of a stored file; what is not there or cannot be unpacked is no text. */
function stored(file: string): string | undefined {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Files whose text is right are left alone: another zlib packs the same text into other bytes. */
function write(out: string, files: ReadonlyMap<string, string>): number {
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out)) if (!files.has(name)) rmSync(path.join(out, name));
  for (const [name, text] of files) {
    const file = path.join(out, name);
    if (stored(file) === text) continue;
    writeFileSync(file, name.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
  }
  return 0;
}

function check(out: string, files: ReadonlyMap<string, string>): number {
  const stale = differing(out, new Map([...files].map(([name, text]) => [name, digest(text)])));
  if (stale.length === 0) return 0;
  return complain(`schemas/ is stale (${stale.join(', ')}): run "node scripts/generate-schemas.ts".`);
}

function checkDigests(out: string): number {
  const index = stored(path.join(out, INDEX)) ?? '{}';
  const digests = new Map(Object.entries(JSON.parse(index) as Record<string, string>)).set(
    INDEX,
    digest(index),
  );
  const edited = digests.size === 1 ? [INDEX] : differing(out, digests);
  if (edited.length === 0) return 0;
  return complain(
    `schemas/ was edited by hand (${edited.join(', ')}): run "node scripts/generate-schemas.ts".`,
  );
}

/** Files that are missing, or too many, or have another text than the digest says; at most 5. */
function differing(out: string, digests: ReadonlyMap<string, string>): string[] {
  const names = new Set([...digests.keys(), ...(existsSync(out) ? readdirSync(out) : [])]);
  return [...names]
    .filter((name) => digest(stored(path.join(out, name)) ?? '') !== digests.get(name))
    .slice(0, 5);
}

process.exitCode = main();
