import type { DatabaseSync } from 'node:sqlite';
import { failureOf, type Failure } from './errors.ts';
import type { Answer, Call, Turn } from './messages.ts';
import type { Procedures } from './storage.ts';

/** The disk's fault, so everybody's: what was tried in the same transaction is not written either. */
const SHARED_FAULTS: readonly string[] = ['full', 'io', 'read-only', 'locked', 'damaged'];

/**
 * Runs the calls that were waiting, with one commit for all that write (RULES 24): when a writing call is answered
 * without failure, what it wrote is on the disk. A call that fails by itself fails alone; when the commit or the disk
 * fails, all of them do and nothing is written (RULES 26).
 */
export class CallGroups {
  readonly #db: DatabaseSync;
  readonly #procedures: Procedures;
  readonly #file: string;

  constructor(db: DatabaseSync, procedures: Procedures, file: string) {
    this.#db = db;
    this.#procedures = procedures;
    this.#file = file;
  }

  writes(call: Call): boolean {
    return Object.hasOwn(this.#procedures.writes, call.procedure);
  }

  read(calls: readonly Call[], transfer: ArrayBuffer[]): Turn {
    return { answers: calls.map((call) => this.#attempt(call, transfer)) };
  }

  write(calls: readonly Call[], transfer: ArrayBuffer[]): Turn {
    const together = this.#commit(() => calls.map((call) => this.#run(call, transfer)));
    if ('value' in together) {
      const answers = calls.map(({ id }, i) => ({ id, value: together.value[i] }));
      return { answers, transaction: { calls: calls.length } };
    }
    transfer.length = 0;
    const { failure } = together;
    if (SHARED_FAULTS.includes(failure.fault)) return allFailed(calls, failure);
    const apart = this.#commit(() => calls.map((call) => this.#runApart(call, transfer)));
    if ('failure' in apart) return allFailed(calls, apart.failure);
    return { answers: apart.value, transaction: { calls: calls.length } };
  }

  #commit<T>(work: () => T): { value: T } | { failure: Failure } {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const value = work();
      this.#db.exec('COMMIT');
      return { value };
    } catch (error) {
      const failure = failureOf(error, this.#file);
      // After some errors SQLite has rolled back already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      return { failure };
    }
  }

  /** As part of a transaction, but undone alone when it fails by itself. */
  #runApart(call: Call, transfer: ArrayBuffer[]): Answer {
    this.#db.exec('SAVEPOINT one_call');
    try {
      const value = this.#run(call, transfer);
      this.#db.exec('RELEASE one_call');
      return { id: call.id, value };
    } catch (error) {
      const failure = failureOf(error, this.#file);
      if (SHARED_FAULTS.includes(failure.fault)) throw error;
      this.#db.exec('ROLLBACK TO one_call; RELEASE one_call');
      return { id: call.id, failure };
    }
  }

  #attempt(call: Call, transfer: ArrayBuffer[]): Answer {
    try {
      return { id: call.id, value: this.#run(call, transfer) };
    } catch (error) {
      return { id: call.id, failure: failureOf(error, this.#file) };
    }
  }

  #run(call: Call, transfer: ArrayBuffer[]): unknown {
    const procedures = this.writes(call) ? this.#procedures.writes : this.#procedures.reads;
    const run = Object.hasOwn(procedures, call.procedure) ? procedures[call.procedure] : undefined;
    if (!run) throw new Error(`there is no procedure ${call.procedure}`);
    return run(call.args as never, transfer);
  }
}

function allFailed(calls: readonly Call[], failure: Failure): Turn {
  return { answers: calls.map(({ id }) => ({ id, failure })), transaction: { calls: calls.length, failure } };
}
