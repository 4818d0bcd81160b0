import type { Health } from '../../src/brokers/broker.ts';
import type { RegistryStore, Subscription, SubscriptionChange } from '../../src/registry/store.ts';

type Call = 'load' | 'insert' | 'update' | 'remove';

/**
 * A registry in memory, with the promises of the seam. It outlives the gateways of a test, so that a second one on
 * the same registry is a restart. Calls named in `failing` reject, before or after they took effect.
 */
export class MemoryRegistry implements RegistryStore {
  readonly registryId = 'registry-in-memory';
  readonly failing = new Map<Call, 'before' | 'after'>();
  /** Work to do inside each call, e.g. to look at the state or to wait. */
  onCall: (call: Call) => Promise<void> | void = () => undefined;
  readonly #rows = new Map<string, Subscription>();
  readonly #unique = new Map<string, string>();

  async open(): Promise<void> {
    // Nothing to open.
  }

  async close(): Promise<void> {
    // Nothing to close.
  }

  load(): Promise<Subscription[]> {
    return this.#call('load', () => this.rows());
  }

  insert(
    subscription: Subscription,
    uniqueKey: string | null,
  ): Promise<{ created: boolean; subscription: Subscription }> {
    return this.#call('insert', () => {
      const existing = uniqueKey === null ? undefined : this.#rows.get(this.#unique.get(uniqueKey) ?? '');
      if (existing !== undefined) return { created: false, subscription: existing };
      this.#rows.set(subscription.id, subscription);
      if (uniqueKey !== null) this.#unique.set(uniqueKey, subscription.id);
      return { created: true, subscription };
    });
  }

  update(id: string, change: SubscriptionChange): Promise<Subscription | undefined> {
    return this.#call('update', () => {
      const before = this.#rows.get(id);
      if (before === undefined) return undefined;
      const after = { ...before, ...change, version: before.version + 1 };
      this.#rows.set(id, after);
      return after;
    });
  }

  remove(id: string): Promise<boolean> {
    return this.#call('remove', () => {
      for (const [key, owner] of this.#unique) if (owner === id) this.#unique.delete(key);
      return this.#rows.delete(id);
    });
  }

  health(): Health {
    return this.failing.size === 0 ? { ok: true } : { ok: false, reason: 'the test made the registry fail' };
  }

  /** What is stored, without asking through the seam. */
  rows(): Subscription[] {
    return [...this.#rows.values()];
  }

  async #call<T>(call: Call, work: () => T): Promise<T> {
    await Promise.resolve();
    await this.onCall(call);
    if (this.failing.get(call) === 'before') throw new Error(`${call} fails before it does anything`);
    const result = work();
    if (this.failing.get(call) === 'after') throw new Error(`${call} fails after it was done`);
    return result;
  }
}
