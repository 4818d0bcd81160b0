import { OperationRefused, type Orphan, type OrphanOperations } from '../admin/operations.ts';
import type { Broker } from '../brokers/broker.ts';
import type { Health } from '../health.ts';
import type { Logger } from '../logger.ts';
import type { Clock, Timer } from '../time.ts';

export interface OrphansDeps {
  readonly brokers: readonly Broker[];
  /** Is it served here? Cheap. */
  readonly isKnown: (subscriptionId: string) => boolean;
  /** Has the registry a row of it, in whatever state? Rejects when it cannot be asked. */
  readonly isRegistered: (subscriptionId: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOOK_MS = 10_000;
/** So long a subscription may be on its way: made at another replica, or removed by one. */
const PATIENCE_MS = 30_000;
const NAMED = 5;

interface Suspect {
  readonly sources: string[];
  /** On the monotonic clock. */
  readonly since: number;
  readonly isOrphan: boolean;
}

/**
 * RULES 19: a queue, a consumer group or a position that no row of the registry speaks of. Somebody may have been
 * promised its events, so nothing here removes it by guess: readiness turns red, and an operator decides.
 */
export class Orphans implements OrphanOperations {
  readonly #deps: OrphansDeps;
  #suspects = new Map<string, Suspect>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(deps: OrphansDeps) {
    this.#deps = deps;
  }

  /** Once the brokers and the registry are open. */
  start(): void {
    this.#timer = this.#deps.clock.after(LOOK_MS, () => {
      void this.#look().then(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  list(): readonly Orphan[] {
    return [...this.#suspects].flatMap(([subscriptionId, { sources, isOrphan }]) =>
      isOrphan ? [{ subscriptionId, sources }] : [],
    );
  }

  health(): Health {
    const ids = this.list().map(({ subscriptionId }) => subscriptionId);
    if (ids.length === 0) return { ok: true };
    const named = ids.slice(0, NAMED).join(', ') + (ids.length > NAMED ? ', ...' : '');
    const reason = `brokers keep events for ${ids.length} subscriptions that the registry does not know: ${named}. Bring the registry back, or end them: tmf-hub-gateway orphans`;
    return { ok: false, reason };
  }

  async remove(subscriptionId: string): Promise<boolean> {
    const suspect = this.#suspects.get(subscriptionId);
    if (suspect?.isOrphan !== true) return false;
    if (await this.#isRegistered(subscriptionId))
      throw new OperationRefused(409, 'The registry knows this subscription again.');
    const { brokers, logger } = this.#deps;
    await Promise.all(brokers.map((broker) => broker.detach(subscriptionId)));
    this.#suspects.delete(subscriptionId);
    logger.warn({ subscriptionId, sources: suspect.sources }, 'orphan.removed');
    return true;
  }

  async #isRegistered(subscriptionId: string): Promise<boolean> {
    try {
      return await this.#deps.isRegistered(subscriptionId);
    } catch (error) {
      throw new OperationRefused(503, `The registry cannot be asked now: ${String(error)}`);
    }
  }

  async #look(): Promise<void> {
    const suspects = new Map<string, Suspect>();
    for (const [id, sources] of this.#unknown()) suspects.set(id, await this.#judge(id, sources));
    this.#suspects = suspects;
  }

  #unknown(): Map<string, string[]> {
    const unknown = new Map<string, string[]>();
    for (const broker of this.#deps.brokers) {
      for (const id of broker.keptSubscriptions())
        if (!this.#deps.isKnown(id)) unknown.set(id, [...(unknown.get(id) ?? []), broker.name]);
    }
    return unknown;
  }

  async #judge(id: string, sources: string[]): Promise<Suspect> {
    const { clock, logger, isRegistered } = this.#deps;
    const now = clock.monotonic();
    const before = this.#suspects.get(id);
    const since = before?.since ?? now;
    const wasOrphan = before?.isOrphan === true;
    if (now - since < PATIENCE_MS) return { sources, since, isOrphan: false };
    try {
      if (await isRegistered(id)) return { sources, since: now, isOrphan: false };
    } catch {
      // The registry says itself what is wrong with it.
      return { sources, since, isOrphan: wasOrphan };
    }
    if (!wasOrphan) logger.error({ subscriptionId: id, sources }, 'subscription.orphaned');
    return { sources, since, isOrphan: true };
  }
}
