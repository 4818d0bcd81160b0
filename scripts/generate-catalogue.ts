/**
 * Writes src/tmf/catalogue.data.ts from the extracted facts of the TM Forum specifications.
 *
 *   node scripts/generate-catalogue.ts [folder] [--out file] [--check]
 *
 * `folder` holds catalogue.json and events.csv and defaults to ../shared/tmf-catalogue beside the repository.
 * With --check nothing is written: exit 1 when the file is not what would be written. Without the folder the
 * check still finds edits by hand, by the digest in the file's header.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ApiRow, EventRow } from '../src/tmf/catalogue-rows.ts';
import { lowerFirst } from '../src/tmf/event-names.ts';
import { compareVersions } from '../src/tmf/versions.ts';

interface SpecRecord {
  readonly apiId: string;
  readonly title: string;
  readonly version: string;
  readonly basePath: string | null;
  readonly hubs?: readonly { readonly path: string }[];
  readonly source: { readonly kind: string; readonly repo?: string; readonly commit?: string };
}

interface CsvEvent {
  readonly api: string;
  readonly type: string;
  readonly kind: string;
  readonly listener: string;
  readonly payloadKeys: readonly string[];
}

const repository = path.join(import.meta.dirname, '..');

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, check: { type: 'boolean', default: false } },
  });
  const folder = positionals[0] ?? path.join(repository, '../shared/tmf-catalogue');
  const out = values.out ?? path.join(repository, 'src/tmf/catalogue.data.ts');
  const name = path.relative(repository, out);
  if (!existsSync(path.join(folder, 'catalogue.json'))) {
    if (values.check) return checkDigest(out, name);
    return complain(`${folder} has no catalogue.json: name the folder with the extracted specifications.`);
  }
  const content = generate(folder);
  if (!values.check) writeFileSync(out, content);
  else if (!existsSync(out) || readFileSync(out, 'utf8') !== content) {
    return complain(`${name} is stale: run "node scripts/generate-catalogue.ts".`);
  }
  return 0;
}

function complain(sentence: string): number {
  console.error(sentence);
  return 1;
}

function checkDigest(file: string, name: string): number {
  const content = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const end = content.indexOf('*/\n') + 3;
  const recorded = /sha256 of what follows this comment: ([0-9a-f]{64})/.exec(content.slice(0, end))?.[1];
  if (recorded === digest(content.slice(end))) return 0;
  return complain(`${name} was edited by hand: generate it with "node scripts/generate-catalogue.ts".`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function generate(folder: string): string {
  const { records } = JSON.parse(readFileSync(path.join(folder, 'catalogue.json'), 'utf8')) as {
    records: SpecRecord[];
  };
  const sorted = [...records].sort(
    (a, b) => (a.apiId < b.apiId ? -1 : a.apiId > b.apiId ? 1 : 0) || compareVersions(a.version, b.version),
  );
  const events = readEvents(readFileSync(path.join(folder, 'events.csv'), 'utf8'));
  const rows = sorted.map((record): ApiRow => [
    record.apiId,
    record.title,
    record.version,
    basePathOf(record, sorted),
    (events.get(`${record.apiId} ${record.version}`) ?? []).map(rowOf),
    ...traitsOf(record),
  ]);
  const body = [
    "import type { ApiRow } from './catalogue-rows.ts';",
    '',
    'export const catalogueRows: readonly ApiRow[] = [',
    ...rows.map((row) => `${JSON.stringify(row)},`),
    '];',
    '',
  ].join('\n');
  return header(sorted, rows, digest(body)) + body;
}

/** Nothing where there is nothing to say: most rows end with their events. */
function traitsOf({ hubs = [] }: SpecRecord): [] | [readonly ['topics']] {
  return hubs.some(({ path }) => path.endsWith('/topic/{topicId}/hub')) ? [['topics']] : [];
}

/** Events by `API version`. Inferred ones are guesses and the one without a name is none: both are left out. */
function readEvents(csv: string): Map<string, CsvEvent[]> {
  const [head = '', ...lines] = csv.trim().split(/\r?\n/);
  const columns = head.split(',');
  const table = lines.map((line) => {
    const cells = line.split(',');
    if (cells.length !== columns.length) throw new Error(`events.csv: cannot read the line "${line}"`);
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']));
  });
  const kinds = [...new Set([...table.map((row) => row['kind'] ?? ''), 'Update'])]
    .filter((kind) => kind !== '')
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const counted = table.filter((row) => row['confidence'] !== 'inferred' && row['eventType'] !== '');
  const events = counted.map((row): CsvEvent => ({
    api: `${row['apiId']} ${row['version']}`,
    type: row['eventType'] ?? '',
    kind: row['kind'] === '' ? kindFromName(row['eventType'] ?? '', kinds) : (row['kind'] ?? ''),
    listener: row['listenerPath']?.split('/').at(-1) ?? '',
    payloadKeys: row['payloadKeys']?.split('|') ?? [],
  }));
  return Map.groupBy(events, (event) => event.api);
}

/** Where only the names of events are known, the name tells the kind: the longest that it ends with. */
function kindFromName(type: string, kinds: readonly string[]): string {
  const stem = type.replace(/(Event|Notification)$/, '');
  return kinds.find((kind) => stem.endsWith(kind)) ?? '';
}

function rowOf(event: CsvEvent): EventRow {
  const { type, kind, payloadKeys, listener } = event;
  return listener === lowerFirst(type) ? [type, kind, payloadKeys] : [type, kind, payloadKeys, listener];
}

/**
 * Where the specification gives no base path: the name in the nearest other version of the API that has one (the
 * older one first), else the title.
 */
function basePathOf(record: SpecRecord, all: readonly SpecRecord[]): string {
  if (record.basePath) return record.basePath;
  const others = all.filter((other) => other.apiId === record.apiId && other.basePath);
  const nearest = others.findLast((other) => compareVersions(other.version, record.version) < 0) ?? others[0];
  const known = nearest?.basePath
    ?.replace(/\/v\d+(\.\d+)*$/, '')
    .split('/')
    .at(-1);
  return `/tmf-api/${known ?? lowerCamel(record.title)}/v${record.version.split('.')[0]}`;
}

/** `CDR Transaction Management` -> `cdrTransactionManagement`; words in capitals are lowered only at the front. */
function lowerCamel(title: string): string {
  const words = title.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words
    .map((word, i) => {
      if (i > 0) return word.slice(0, 1).toUpperCase() + word.slice(1);
      return /^[A-Z0-9]+$/.test(word) ? word.toLowerCase() : lowerFirst(word);
    })
    .join('');
}

function header(records: readonly SpecRecord[], rows: readonly ApiRow[], sha256: string): string {
  const counts = new Map<string, number>();
  for (const { source } of records) {
    const name = source.repo ? `${source.repo} at ${source.commit}` : source.kind;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const events = rows.reduce((sum, row) => sum + row[4].length, 0);
  return `/*
 * Generated by scripts/generate-catalogue.ts, do not edit.
 *
 * ${rows.length} API versions and their ${events} event types: identifiers, titles, base paths, names of events, listeners and
 * members. These facts were read from TM Forum's Open API specification files, which TM Forum publishes under
 * the Apache License 2.0; where the published file was not at hand, from the copies named here. No text of the
 * specifications is included. Copies and commits (number of API versions read from each):
 *
${[...counts].map(([name, count]) => ` * - ${name.replaceAll('*/', '* /')} (${count})`).join('\n')}
 *
 * sha256 of what follows this comment: ${sha256}
 */
`;
}

process.exitCode = main();
