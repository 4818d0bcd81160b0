import type { Link } from '../wire/link.ts';

export interface StreamRetention {
  /** Milliseconds that a message stays at least; whole seconds count. */
  readonly maxAgeMs: number;
  /** Bytes that stay at most; the oldest go first. */
  readonly maxBytes?: number;
  /** Retention removes whole segments of this size, never the one that is written to. */
  readonly segmentBytes: number;
}

const NOT_FOUND = 404;

/**
 * Declares the stream unless it is there: one that somebody made with other arguments is used as it is, for nothing but
 * its deletion could change them. Rejects when it cannot be had.
 */
export async function ensureStream(link: Link, stream: string, retention: StreamRetention): Promise<void> {
  if (await isThere(link, stream)) return;
  const { maxAgeMs, maxBytes, segmentBytes } = retention;
  const channel = await link.channel();
  try {
    await channel.assertQueue(stream, {
      durable: true,
      arguments: {
        'x-queue-type': 'stream',
        'x-max-age': `${Math.ceil(maxAgeMs / 1000)}s`,
        'x-stream-max-segment-size-bytes': segmentBytes,
        ...(maxBytes === undefined ? {} : { 'x-max-length-bytes': maxBytes }),
      },
    });
  } finally {
    channel.close().catch(() => undefined);
  }
}

/** On a channel of its own, which the server closes when the answer is no. */
async function isThere(link: Link, stream: string): Promise<boolean> {
  const channel = await link.channel();
  try {
    await channel.checkQueue(stream);
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return false;
    throw error;
  }
  channel.close().catch(() => undefined);
  return true;
}
