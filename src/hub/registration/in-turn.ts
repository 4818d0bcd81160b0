export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Runs work one at a time per key, in the order asked for; work of different keys runs side by side. Work that
 * fails fails alone. Nothing is remembered of a key once its last work is done.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    const settled = result
      .catch(() => undefined)
      .then(() => {
        if (last.get(key) === settled) last.delete(key);
      });
    last.set(key, settled);
    return result;
  };
}
