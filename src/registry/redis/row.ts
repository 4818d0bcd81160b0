import { createHash } from 'node:crypto';
import type { Kept, RegistryEntry } from '../store.ts';

/** An entry with its place in the order of creation. */
export interface Row {
  readonly entry: RegistryEntry<Kept>;
  /** From 1; undefined for one that comes from a copy: Redis has to give it one. */
  readonly seq: number | undefined;
}

/** As Redis answers it: id, version, document, unique key, seq. */
export type RawRow = readonly [string, string, string, string, string];

export function rowOf([id, versionText, document, key, seq]: RawRow): Row {
  const version = Number(versionText);
  const subscription = document === '' ? null : { ...(JSON.parse(document) as Kept), version };
  return { entry: { id, version, uniqueKey: key === '' ? null : key, subscription }, seq: Number(seq) };
}

/** Id, version, document, unique key. */
export function fieldsOf({ id, version, uniqueKey, subscription }: RegistryEntry<Kept>): string[] {
  return [id, String(version), documentOf(subscription), uniqueKey ?? ''];
}

/** The same text for the same document, whoever made the object, so that a digest can be compared. '' = none. */
export function documentOf(kept: Kept | null): string {
  if (kept === null) return '';
  const { version: _, ...document } = kept;
  return JSON.stringify(document, (_name, value: unknown) => (isRecord(value) ? sorted(value) : value));
}

export function digestOf({ subscription }: RegistryEntry<Kept>): string {
  return createHash('sha1').update(documentOf(subscription)).digest('hex');
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
