/** One request on its way, and the only place that decides when it has been answered. */
import { StringDecoder } from 'node:string_decoder';
import type { Dispatcher } from 'undici';
import type { Clock } from '../time.ts';
import type { Expiring } from './expiry.ts';
import { classify, type Failure } from './failures.ts';
import type { Origin } from './origin-pools.ts';
import type { CallbackAnswer, Sending } from './sender.ts';

export interface AttemptDeps {
  readonly clock: Clock;
  /** Bytes of an answer's body after which the rest is cut off. */
  readonly maxBytes: number;
  /** Called once for each attempt, before its answer is known to those who wait for it. */
  readonly ended: (attempt: Attempt) => void;
}

/** Bytes of the answer kept as text. */
const TEXT_BYTES = 1024;
const ENOUGH = new Error('the rest of the answer is not wanted');

/**
 * Settles exactly once, with an answer as soon as there is a status and nothing more to wait for. **The status
 * line is the answer**: whatever happens to the body afterwards (stalls, breaks, exceeds the limit) the outcome
 * is that status. A listener that wrote `2xx` has taken the event; calling that a failure would send it again.
 */
export class Attempt implements Dispatcher.DispatchHandler, Expiring, Sending {
  dueAt = 0;
  slot = -1;
  readonly origin: Origin;
  readonly answer: Promise<CallbackAnswer>;
  readonly #deps: AttemptDeps;
  readonly #startedAt: number;
  #resolve!: (answer: CallbackAnswer) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #retryAfter: string | undefined;
  #bytes = 0;
  #start: Buffer | undefined;

  /** `deps` is one object for all attempts of a sender; `startedAt` in monotonic milliseconds. */
  constructor(origin: Origin, startedAt: number, deps: AttemptDeps) {
    this.origin = origin;
    this.#startedAt = startedAt;
    this.#deps = deps;
    this.answer = new Promise((resolve) => (this.#resolve = resolve));
  }

  abort(): void {
    if (!this.#settled) this.giveUp('aborted', 'broken off');
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
    if (this.#bytes < this.#deps.maxBytes) return;
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
    const { clock, ended } = this.#deps;
    const durationMs = clock.monotonic() - this.#startedAt;
    ended(this);
    if (failure && this.#status === 0) return this.#resolve({ ...failure, durationMs });
    const text = textOf(this.#start);
    this.#resolve({ status: this.#status, retryAfter: this.#retryAfter, text, durationMs });
  }
}

function textOf(start: Buffer | undefined): string {
  if (start === undefined) return '';
  // The limit may cut a character in two; the decoder leaves out the half.
  return start.length < TEXT_BYTES ? start.toString() : new StringDecoder('utf8').write(start);
}
