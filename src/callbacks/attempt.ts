/** One request on its way, and the only place that decides when it has been answered. */
import { StringDecoder } from 'node:string_decoder';
import type { Dispatcher } from 'undici';
import type { Expiring } from './expiry.ts';
import { classify, type Failure } from './failures.ts';

export interface AnswerHead {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export type Settle = (attempt: Attempt, outcome: AnswerHead | Failure) => void;

/** Bytes of the answer kept as text. */
const TEXT_BYTES = 1024;
const ENOUGH = new Error('the rest of the answer is not wanted');

/**
 * Settles exactly once, with an answer as soon as there is a status and nothing more to wait for. **The status
 * line is the answer**: whatever happens to the body afterwards (stalls, breaks, exceeds the limit) the outcome
 * is that status. A listener that wrote `2xx` has taken the event; calling that a failure would send it again.
 */
export class Attempt implements Dispatcher.DispatchHandler, Expiring {
  dueAt = 0;
  slot = -1;
  readonly #maxBytes: number;
  readonly #settle: Settle;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #retryAfter: string | undefined;
  #bytes = 0;
  #start: Buffer | undefined;

  constructor(maxBytes: number, settle: Settle) {
    this.#maxBytes = maxBytes;
    this.#settle = settle;
  }

  /** Stops waiting: the answer if its status is known, else `failure`. The connection is not used again. */
  giveUp(failure: Failure['failure'], reason: string): void {
    const waitedFor = this.#controller ? 'the answer' : 'a connection';
    this.#finish({ failure, message: `${reason} while waiting for ${waitedFor}` });
    this.#controller?.abort(ENOUGH);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up while the connection was being made: the request must not go out any more.
    if (this.#settled) controller.abort(ENOUGH);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#bytes < TEXT_BYTES) {
      const part = chunk.subarray(0, TEXT_BYTES - this.#bytes);
      this.#start = this.#start ? Buffer.concat([this.#start, part]) : part;
    }
    this.#bytes += chunk.length;
    if (this.#bytes < this.#maxBytes) return;
    this.#finish(undefined);
    controller.abort(ENOUGH);
  }

  /**
   * The client takes the connection back in an immediate that it queues when this returns. The answer follows in
   * the next one, so that whoever waits for it to send again finds that connection instead of opening another.
   */
  onResponseEnd(): void {
    queueMicrotask(() => setImmediate(() => this.#finish(undefined)));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (!this.#settled) this.#finish(classify(error));
  }

  #finish(failure: Failure | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    const answered = this.#status !== 0 || failure === undefined;
    this.#settle(this, answered ? this.#answer() : failure);
  }

  #answer(): AnswerHead {
    return { status: this.#status, retryAfter: this.#retryAfter, text: textOf(this.#start) };
  }
}

function textOf(start: Buffer | undefined): string {
  if (start === undefined) return '';
  // The limit may cut a character in two; the decoder leaves out the half.
  return start.length < TEXT_BYTES ? start.toString() : new StringDecoder('utf8').write(start);
}
