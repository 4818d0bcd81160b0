import type { Calls } from '../wire/calls.ts';

export interface StreamRetention {
  /** Milliseconds that a message stays at least; whole seconds count. */
  readonly maxAgeMs: number;
  /** Bytes that stay at most; the oldest go first. */
  readonly maxBytes?: number;
  /** Retention removes whole segments of this size, never the one that is written to. */
  readonly segmentBytes: number;
}

/**
 * Declares the stream unless it is there: one that somebody made with other arguments is used as it is, for nothing but
 * its deletion could change them. Rejects when it cannot be had.
 */
export async function ensureStream(calls: Calls, stream: string, retention: StreamRetention): Promise<void> {
  if (await calls.exists('queue', stream)) return;
  const { maxAgeMs, maxBytes, segmentBytes } = retention;
  await calls.run((channel) =>
    channel.assertQueue(stream, {
      durable: true,
      arguments: {
        'x-queue-type': 'stream',
        'x-max-age': `${Math.ceil(maxAgeMs / 1000)}s`,
        'x-stream-max-segment-size-bytes': segmentBytes,
        ...(maxBytes === undefined ? {} : { 'x-max-length-bytes': maxBytes }),
      },
    }),
  );
}
