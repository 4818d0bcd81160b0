import type { DatabaseSync } from 'node:sqlite';

/**
 * One named operation on a database file; runs in the worker thread, to its end, alone. `args` and the result are
 * copied between the threads, except buffers put on `transfer`: these are moved.
 * A write throws to be undone; it may then run once more, so it changes nothing but the database.
 */
type Procedure = (args: never, transfer: ArrayBuffer[]) => unknown;

export interface Procedures {
  readonly reads: Readonly<Record<string, Procedure>>;
  readonly writes: Readonly<Record<string, Procedure>>;
}

/** What a module of procedures exports as `storage`: the file's identity, its schema, and what can be done to it. */
export interface Storage<P extends Procedures = Procedures> {
  /** What the file holds, as messages to people say it, e.g. `event log`. */
  readonly title: string;
  /** Written into the file (`PRAGMA application_id`), so that a foreign one is recognised. */
  readonly applicationId: number;
  /** SQL that leads from version i to i + 1; never changed once released, only added to. */
  readonly migrations: readonly string[];
  prepare(db: DatabaseSync): P;
}

export type All<P extends Procedures> = P['reads'] & P['writes'];

/**
 * The URL of a module for another thread, beside the module with the URL `from`: `.ts` in a checkout, `.js` once
 * compiled, because no compiler rewrites what is loaded by URL.
 */
export function moduleBeside(from: string, name: string): URL {
  return new URL(name + (from.endsWith('.ts') ? '.ts' : '.js'), from);
}
