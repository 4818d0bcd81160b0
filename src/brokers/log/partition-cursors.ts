import type { Cursor } from './cursor.ts';

/** The cursors of one partition: of a subscription one for live events, and one for each of its replays. */
export class PartitionCursors {
  readonly #live = new Map<string, Cursor>();
  readonly #replaying = new Map<string, readonly Cursor[]>();

  add(cursor: Cursor): void {
    const id = cursor.outlet.subscriptionId;
    if (cursor.range) this.#replaying.set(id, [...this.replaysOf(id), cursor]);
    else this.#live.set(id, cursor);
  }

  remove(cursor: Cursor): void {
    const id = cursor.outlet.subscriptionId;
    const rest = this.replaysOf(id).filter((other) => other !== cursor);
    if (this.#live.get(id) === cursor) this.#live.delete(id);
    else if (rest.length > 0) this.#replaying.set(id, rest);
    else this.#replaying.delete(id);
  }

  liveOf(subscriptionId: string): Cursor | undefined {
    return this.#live.get(subscriptionId);
  }

  replaysOf(subscriptionId: string): readonly Cursor[] {
    // Mostly there are none at all, and this is asked for every event and subscription.
    return this.#replaying.size === 0 ? NONE : (this.#replaying.get(subscriptionId) ?? NONE);
  }

  of(subscriptionId: string): readonly Cursor[] {
    const live = this.#live.get(subscriptionId);
    const replays = this.replaysOf(subscriptionId);
    return live ? [live, ...replays] : replays;
  }

  *all(): Iterable<Cursor> {
    yield* this.#live.values();
    for (const cursors of this.#replaying.values()) yield* cursors;
  }
}

const NONE: readonly Cursor[] = [];
