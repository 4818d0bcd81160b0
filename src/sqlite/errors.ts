/**
 * What went wrong with a database file. `full`, `io`, `read-only`: the disk; nothing of the whole group was written.
 * `locked`: another process has it. `damaged`, `foreign`: not a file that can be worked with. `refused`: this one
 * call failed by itself. `stopped`, `crashed`: the worker thread is not there (any more).
 */
export type Fault =
  'full' | 'io' | 'read-only' | 'locked' | 'damaged' | 'foreign' | 'refused' | 'stopped' | 'crashed';

/** A StorageError on its way between threads. */
export interface Failure {
  readonly fault: Fault;
  readonly message: string;
}

export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly fault: Fault;

  constructor({ fault, message }: Failure) {
    super(message);
    this.fault = fault;
  }
}

/** Primary result codes of SQLite, with what an operator can do about them. */
const FAULTS: Readonly<Record<number, readonly [Fault, string]>> = {
  5: ['locked', 'is in use by another process: stop that one, or give this one a data.dir of its own'],
  6: ['locked', 'is in use by another process: stop that one, or give this one a data.dir of its own'],
  7: ['io', 'could not be written: out of memory'],
  8: ['read-only', 'could not be written: the file or its volume is read-only'],
  10: ['io', 'could not be read or written: the disk reports an error'],
  11: ['damaged', 'is damaged: restore it from a copy, or move it away to begin with an empty one'],
  13: ['full', 'could not be written: the disk is full'],
  14: ['io', 'could not be opened: check that the directory exists and may be written'],
  26: ['damaged', 'is not a database: restore it from a copy, or move it away to begin with an empty one'],
};

/** Says in one sentence what an exception thrown by SQLite (or by a procedure) means for `file`. */
export function failureOf(error: unknown, file: string): Failure {
  if (error instanceof StorageError) return { fault: error.fault, message: error.message };
  const known = FAULTS[sqliteCode(error) & 0xff];
  const detail = hasMessage(error) ? error.message : String(error);
  if (!known) return { fault: 'refused', message: detail };
  const [fault, sentence] = known;
  return { fault, message: `${file} ${sentence} (${detail})` };
}

function sqliteCode(error: unknown): number {
  return isObject(error) && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
}

function hasMessage(error: unknown): error is { message: string } {
  return isObject(error) && 'message' in error && typeof error.message === 'string';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
