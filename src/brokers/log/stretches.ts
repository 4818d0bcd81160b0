import type { Routed } from '../broker.ts';

/** A stretch of the log, decoded and matched: `routed` are its readable records from `from` up to `to` (exclusive). */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** The intake's epoch that it was matched in. */
  readonly epoch: number;
  readonly routed: readonly Routed[];
}

/** What `stretch` holds from `offset` on; undefined when it does not reach there. */
export function restOf(stretch: Stretch, offset: number): Stretch | undefined {
  if (offset < stretch.from || offset >= stretch.to) return undefined;
  const start = indexOf(stretch.routed, offset);
  return { ...stretch, from: offset, routed: start === 0 ? stretch.routed : stretch.routed.slice(start) };
}

export function offsetOf(routed: Routed | undefined): number | undefined {
  return routed?.record.source.offset;
}

/** Of one partition, in `Stretches`. */
export type Shelf = Set<Kept>;

interface Kept {
  readonly stretch: Stretch;
  readonly bytes: number;
  readonly shelf: Shelf;
}

/**
 * What some have read and others will read soon, of all partitions of a log, so that those who follow cost neither a read
 * nor a second decode. Beyond the bound what was not asked for longest goes.
 */
export class Stretches {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #kept = new Set<Kept>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  keep(stretch: Stretch, shelf: Shelf): void {
    const kept = { stretch, bytes: bytesOf(stretch), shelf };
    shelf.add(kept);
    this.#kept.add(kept);
    this.#bytes += kept.bytes;
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  /** What is kept on this shelf from `offset` on, up to the end of one stretch; undefined when it is in none. */
  from(offset: number, shelf: Shelf): Stretch | undefined {
    for (const kept of shelf) {
      const rest = restOf(kept.stretch, offset);
      if (!rest) continue;
      this.#kept.delete(kept);
      this.#kept.add(kept);
      return rest;
    }
    return undefined;
  }

  clear(shelf: Shelf): void {
    for (const kept of shelf) this.#drop(kept);
  }

  #drop(kept: Kept): void {
    kept.shelf.delete(kept);
    this.#kept.delete(kept);
    this.#bytes -= kept.bytes;
  }
}

/** With many subscriptions to one event, their ids weigh more than it does. */
const ID_BYTES = 8;

function bytesOf({ routed }: Stretch): number {
  return routed.reduce(
    (sum, { record, subscriptionIds }) => sum + record.value.length + ID_BYTES * subscriptionIds.length,
    0,
  );
}

/** The first one at `offset` or beyond. */
function indexOf(routed: readonly Routed[], offset: number): number {
  let low = 0;
  let high = routed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsetOf(routed[middle]) as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
