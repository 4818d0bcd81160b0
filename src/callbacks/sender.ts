/** The seam to the network: one HTTP attempt at one callback. Never throws; failure is an answer. */
export interface CallbackRequest {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Keys to sign it with (Standard Webhooks): a secret that has no `secretProblem`. */
  readonly secret?: string;
}

/**
 * Why there was no HTTP answer. `refused-by-policy`: the address is one that callbacks may not reach.
 * `connect`: no connection (refused, reset before the answer, name not found, TLS). `timeout`: connect or answer
 * took too long. `protocol`: what came back is no HTTP. `aborted`: the gateway gave up (shutdown, handover).
 */
export type CallbackFailure = 'refused-by-policy' | 'connect' | 'timeout' | 'protocol' | 'aborted';

export type CallbackAnswer =
  | {
      readonly status: number;
      /** The Retry-After header as sent. */
      readonly retryAfter: string | undefined;
      /** First 1 KB of the body. */
      readonly text: string;
      readonly durationMs: number;
    }
  | { readonly failure: CallbackFailure; readonly message: string; readonly durationMs: number };

/** One attempt that was begun. */
export interface Sending {
  readonly answer: Promise<CallbackAnswer>;
  /**
   * Breaks it off: its connection is closed, and its answer is the failure `aborted`, unless a status was there
   * already. Does nothing once it is answered.
   */
  abort(): void;
}

export interface CallbackSender {
  send(request: CallbackRequest): Sending;
  /** What the policy can say without the network: undefined, or why this URL may never be called. */
  refusal(url: string): string | undefined;
  /** Gives up what is in flight and closes all connections. */
  close(): Promise<void>;
}
