import type { MessagePort } from 'node:worker_threads';
import type { Health } from '../health.ts';
import type { Logger } from '../logger.ts';
import type { Clock, Timer } from '../time.ts';
import { StorageError, type Failure } from './errors.ts';
import type { Call, Request, Response, Turn } from './messages.ts';
import type { All, Procedures } from './storage.ts';
import { connect } from './thread.ts';

const PROBE_MS = 1_000;
const RESTART_MS = 1_000;

export interface DatabaseOptions {
  readonly file: string;
  /** URL of the module that exports `storage` (see `moduleBeside`). */
  readonly storage: URL;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The largest the file may grow to, in pages of 4 KiB; default: what the disk holds. */
  readonly maxPages?: number;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** `down`: the thread ended unexpectedly and is being started again. */
type State = 'new' | 'open' | 'down' | 'closed';

/**
 * A database file in the storage thread (RULES 24): the caller's event loop never waits for a disk. A writing call that
 * resolves is on the disk, together with all others that waited at the same moment; it rejects with a StorageError
 * when nothing was written. The first call opens the file.
 *
 * While writes fail, `health` says why, and a small write is tried every second until one succeeds. A thread that
 * crashes rejects its pending calls (whether they were written is unknown then) and is started again.
 */
export class Database<P extends Procedures> {
  readonly #options: DatabaseOptions;
  readonly #waiting = new Map<number, Waiting>();
  #state: State = 'new';
  #port: MessagePort | undefined;
  #opened: Promise<void> | undefined;
  #everOpened = false;
  #exited: Promise<void> = Promise.resolve();
  #lastId = 0;
  #trouble: string | undefined;
  #timer: Timer | undefined;
  #transactions = 0;
  #writes = 0;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** How well the group commit groups: writing calls answered, and the transactions they took. */
  get counters(): { readonly transactions: number; readonly writes: number } {
    return { transactions: this.#transactions, writes: this.#writes };
  }

  /** Rejects with one sentence for an operator when the file cannot be worked with. */
  open(): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'open';
      this.#opened = this.#start();
    }
    return this.#opened ?? Promise.reject(new StorageError(this.#unavailable()));
  }

  /** Buffers in `transfer` are moved to the thread: the caller has them no more. */
  call<K extends keyof All<P> & string>(
    procedure: K,
    args: Parameters<All<P>[K]>[0],
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<All<P>[K]>> {
    return this.#call(procedure, args, transfer) as Promise<ReturnType<All<P>[K]>>;
  }

  health(): Health {
    return this.#trouble === undefined ? { ok: true } : { ok: false, reason: this.#trouble };
  }

  /** False while there is no thread that could have the file. */
  alive(): boolean {
    return this.#state === 'open';
  }

  /** What was called before is done and answered; then the thread ends. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    this.#timer?.cancel();
    if (this.#state === 'open') {
      // The thread reports how opening went before it takes the message.
      await this.#opened?.catch(() => undefined);
      this.#post('close');
    }
    this.#state = 'closed';
    this.#trouble = `${this.#options.file} is closed since ${new Date(clock.now()).toISOString()}`;
    await this.#exited;
  }

  #call(procedure: string, args: unknown, transfer: ArrayBuffer[]): Promise<unknown> {
    if (this.#state === 'new') this.open().catch(() => undefined);
    if (this.#state !== 'open') return Promise.reject(new StorageError(this.#unavailable()));
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const bytes = transfer.reduce((sum, buffer) => sum + buffer.byteLength, 0);
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, procedure, args, bytes }, transfer);
    });
  }

  #post(request: Request, transfer: ArrayBuffer[] = []): void {
    this.#port?.postMessage(request satisfies Call | 'close', transfer);
  }

  #start(): Promise<void> {
    const { file, storage, maxPages } = this.#options;
    let cause: Failure = { fault: 'crashed', message: `the storage thread of ${file} ended unexpectedly` };
    const port = connect({ file, storage: storage.href, maxPages }, (error) => {
      cause = { fault: 'crashed', message: `the storage thread of ${file} crashed: ${String(error)}` };
    });
    this.#port = port;
    return new Promise((resolve, reject) => {
      port.on('message', (response: Response) => {
        if ('opened' in response) {
          this.#everOpened = true;
          resolve();
        } else if ('failure' in response) cause = response.failure;
        else this.#take(response);
      });
      this.#exited = new Promise((exited) => {
        port.once('close', () => {
          reject(new StorageError(cause));
          this.#ended(cause);
          exited();
        });
      });
    });
  }

  #take({ answers, transaction }: Turn): void {
    if (transaction) {
      this.#transactions++;
      this.#writes += transaction.calls;
      if (transaction.failure) this.#writesFail(transaction.failure);
    }
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('failure' in answer) waiting?.reject(new StorageError(answer.failure));
      else waiting?.resolve(answer.value);
    }
  }

  #writesFail({ message }: Failure): void {
    const { file, logger } = this.#options;
    if (this.#trouble === undefined) logger.error({ file, error: message }, 'storage.write-failed');
    this.#trouble = message;
    this.#later(PROBE_MS, () => this.#probe());
  }

  /** Only a write to a new piece of file proves anything: rewriting what is there may succeed on a full disk. */
  #probe(): void {
    this.#call('probe.fill', undefined, [])
      .then(
        () => {
          this.#recovered();
          return this.#call('probe.clear', undefined, []);
        },
        () => undefined,
      )
      .catch(() => undefined);
  }

  #recovered(): void {
    this.#options.logger.info({ file: this.#options.file }, 'storage.writes-again');
    this.#trouble = undefined;
  }

  /** The thread is gone: by `close`, because the file could not be opened, or because it crashed. */
  #ended(cause: Failure): void {
    this.#port = undefined;
    for (const { reject } of this.#waiting.values()) reject(new StorageError(cause));
    this.#waiting.clear();
    if (this.#state === 'closed') return;
    const { file, logger } = this.#options;
    logger.error({ file, error: cause.message }, 'storage.thread-ended');
    this.#trouble = cause.message;
    this.#state = this.#everOpened ? 'down' : 'closed';
    if (this.#state === 'closed') return;
    this.#later(RESTART_MS, () => {
      this.#state = 'open';
      this.#start().then(
        () => this.#recovered(),
        () => undefined,
      );
    });
  }

  #later(ms: number, act: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(ms, act);
  }

  #unavailable(): Failure {
    const fault = this.#state === 'closed' ? 'stopped' : 'crashed';
    return { fault, message: this.#trouble ?? `${this.#options.file} is not open` };
  }
}
