import type { Cluster } from '../wire/cluster.ts';
import { NONE, OFFSET_OUT_OF_RANGE, nameOf } from '../wire/error-codes.ts';
import { fetch, type Fetched, type Place } from './fetch.ts';
import type { Read } from './head-stream.ts';
import { OffsetOutOfRange } from '../../log/log.ts';
import type { Line, Node, Wire } from '../wire/wire.ts';

const ANSWER_BYTES = 1 << 20;
/** For a reader that asks for what is not there yet. */
const WAIT_MS = 100;

interface Wish {
  readonly place: Place;
  readonly from: number;
  readonly maxBytes: number;
  readonly resolve: (read: Read) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Single reads from anywhere in the log, on a line of their own so that they never wait behind the shared ones. Those
 * that are asked for while a request is under way share the next.
 */
export class CatchUpReads {
  readonly #wire: Wire;
  readonly #cluster: Cluster;
  readonly #line: Line;
  readonly #wishes = new Map<Node, Wish[]>();
  readonly #busy = new Set<Node>();

  constructor(wire: Wire, cluster: Cluster, line: Line) {
    this.#wire = wire;
    this.#cluster = cluster;
    this.#line = line;
  }

  /** Rejects with OffsetOutOfRange, or when the node does not answer: it may be asked again after a pause. */
  read(place: Place, from: number, maxBytes: number): Promise<Read> {
    const node = this.#cluster.leaderOf(place);
    if (!node) return this.#noLeader(place);
    return new Promise((resolve, reject) => {
      const wishes = this.#wishes.get(node) ?? [];
      this.#wishes.set(node, wishes);
      wishes.push({ place, from, maxBytes, resolve, reject });
      if (!this.#busy.has(node)) setImmediate(() => void this.#serve(node));
    });
  }

  async #noLeader({ topic, partition }: Place): Promise<never> {
    await this.#cluster.refresh();
    throw new Error(`${topic}:${partition} has no leader now`);
  }

  async #serve(node: Node): Promise<void> {
    if (this.#busy.has(node)) return;
    this.#busy.add(node);
    for (let wishes = this.#take(node); wishes.length > 0; wishes = this.#take(node))
      await this.#turn(node, wishes);
    this.#busy.delete(node);
  }

  /** A partition may be asked for once in a request; further wishes for it wait for the next. */
  #take(node: Node): Wish[] {
    const taken = new Map<string, Wish>();
    const later: Wish[] = [];
    for (const wish of this.#wishes.get(node) ?? []) {
      const key = `${wish.place.topic}:${wish.place.partition}`;
      if (taken.has(key)) later.push(wish);
      else taken.set(key, wish);
    }
    if (later.length > 0) this.#wishes.set(node, later);
    else this.#wishes.delete(node);
    return [...taken.values()];
  }

  async #turn(node: Node, wishes: readonly Wish[]): Promise<void> {
    const maxBytesPerPartition = Math.max(...wishes.map(({ maxBytes }) => maxBytes));
    const limits = { waitMs: WAIT_MS, maxBytes: ANSWER_BYTES, maxBytesPerPartition };
    try {
      const fetched = await fetch(
        { wire: this.#wire, cluster: this.#cluster },
        this.#line,
        node,
        wishes,
        limits,
      );
      let isStale = false;
      let isServed = false;
      const behind: Wish[] = [];
      // In the order of the answer: once it is full it says nothing of what stands behind.
      for (const [wish, answer] of fetched) {
        if (isServed && isEmpty(answer, wish.from)) behind.push(wish);
        else isStale = settle(wish, answer) || isStale;
        isServed ||= answer.records.length > 0;
      }
      for (const wish of wishes) if (!fetched.has(wish)) settle(wish, undefined);
      if (behind.length > 0) this.#wishes.set(node, [...behind, ...(this.#wishes.get(node) ?? [])]);
      if (isStale) await this.#cluster.refresh();
    } catch (error) {
      for (const { reject } of wishes) reject(error instanceof Error ? error : new Error(String(error)));
      await this.#cluster.refresh().catch(() => undefined);
    }
  }
}

function isEmpty({ errorCode, next }: Fetched, from: number): boolean {
  return errorCode === NONE && next === from;
}

/** True when the answer says that we know the cluster as it was, not as it is. */
function settle({ place, from, resolve, reject }: Wish, fetched: Fetched | undefined): boolean {
  const { errorCode, records, next } = fetched ?? { errorCode: NONE, records: [], next: from };
  if (errorCode === NONE) resolve({ records, next });
  else if (errorCode === OFFSET_OUT_OF_RANGE) reject(new OffsetOutOfRange(`offset ${from} is not there`));
  else {
    reject(new Error(`${place.topic}:${place.partition} cannot be read now: ${nameOf(errorCode)}`));
    return true;
  }
  return false;
}
