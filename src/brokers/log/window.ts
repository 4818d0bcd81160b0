import type { Routed } from '../broker.ts';

/** A stretch of the log, decoded and matched: `routed` are its readable records from `from` up to `to` (exclusive). */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** The intake's epoch that it was matched in. */
  readonly epoch: number;
  readonly routed: readonly Routed[];
}

/**
 * The latest stretch that was read, kept within a byte bound, so that whoever stands close behind the reader
 * costs neither a read nor a second decode.
 */
export class Window {
  readonly #maxBytes: number;
  #from = 0;
  #to = 0;
  #bytes = 0;
  #epoch = 0;
  #routed: Routed[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  clear(): void {
    this.#routed = [];
    this.#from = this.#to = this.#bytes = 0;
  }

  /** Continues the window, or starts it anew when the stretch does not follow on. */
  add(stretch: Stretch): void {
    if (stretch.from !== this.#to) {
      this.clear();
      this.#from = stretch.from;
    }
    for (const routed of stretch.routed) this.#bytes += routed.record.value.length;
    this.#routed = this.#routed.length === 0 ? [...stretch.routed] : this.#routed.concat(stretch.routed);
    this.#to = stretch.to;
    this.#epoch = stretch.epoch;
    this.#trim(stretch.routed.length);
  }

  /** What the window holds from `offset` on; undefined when it does not reach there. */
  from(offset: number): Stretch | undefined {
    if (offset < this.#from || offset >= this.#to) return undefined;
    const start = this.#indexOf(offset);
    const routed = start === 0 ? this.#routed : this.#routed.slice(start);
    return { from: offset, to: this.#to, epoch: this.#epoch, routed };
  }

  /** Drops the oldest beyond the bound, but never what was just added. */
  #trim(keep: number): void {
    let drop = 0;
    while (this.#bytes > this.#maxBytes && drop < this.#routed.length - keep) {
      this.#bytes -= (this.#routed[drop] as Routed).record.value.length;
      drop++;
    }
    if (drop === 0) return;
    this.#routed = this.#routed.slice(drop);
    this.#from = offsetOf(this.#routed[0]) ?? this.#to;
  }

  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#routed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((offsetOf(this.#routed[middle]) as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function offsetOf(routed: Routed | undefined): number | undefined {
  return routed?.record.source.offset;
}
