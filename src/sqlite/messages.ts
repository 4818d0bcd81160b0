import type { Failure } from './errors.ts';

/** What the storage thread needs to serve a file. */
export interface WorkerInput {
  readonly file: string;
  /** URL of the module that exports `storage`. */
  readonly storage: string;
  /** The largest the file may grow to, in pages of 4 KiB. */
  readonly maxPages: number | undefined;
}

export interface Call {
  readonly id: number;
  readonly procedure: string;
  readonly args: unknown;
  /** Size of the buffers moved along with the call. */
  readonly bytes: number;
}

export type Request = Call | 'close';

export type Answer =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly failure: Failure };

/** Answers of one turn. `transaction` is there when calls that write were among them. */
export interface Turn {
  readonly answers: readonly Answer[];
  readonly transaction?: { readonly calls: number; readonly failure?: Failure };
}

/** `opened` comes first and once; after a failure the thread ends. */
export type Response = { readonly opened: true } | { readonly failure: Failure } | Turn;
