import type { Logger } from '../../logger.ts';
import type { RegistryStore, Subscription } from '../../registry/store.ts';
import type { Query } from '../../tmf/query/query.ts';
import { everything, recompile } from './registration-request.ts';
import type { RequestReader } from './registration-request.ts';

export interface Understood {
  /** As it is to be fed: held where its query means nothing any more. */
  readonly subscription: Subscription;
  readonly query: Query;
}

export type Understand = (subscription: Subscription) => Promise<Understood>;

export interface UnderstandingDependencies extends RequestReader {
  readonly store: RegistryStore;
  readonly logger: Logger;
}

/**
 * Compiles again what a registry has. One whose query or profile is none any more is held rather than dropped, and
 * rather than sent what it never asked for.
 */
export function createUnderstanding(dependencies: UnderstandingDependencies): Understand {
  const { store, logger } = dependencies;
  return async (subscription) => {
    const { id, scope, query, version, extensions } = subscription;
    const compiled = recompile(scope, query, dependencies);
    const hasProfile = dependencies.profiles.of(scope.basePath, extensions?.profile) !== undefined;
    if (compiled.ok && hasProfile) return { subscription, query: compiled.query };
    // What its queues keep while it is held is what it asked for, where that can be said.
    const kept = compiled.ok ? compiled.query : everything();
    if (subscription.state !== 'active') return { subscription, query: kept };
    const reason = compiled.ok
      ? `its profile ${extensions?.profile} is not configured any more`
      : `its query is not understood any more: ${compiled.message}`;
    logger.error({ subscriptionId: id, query, reason }, 'subscription.held');
    const held = { state: 'suspended', stateReason: reason } as const;
    // Another replica may know better, of a newer version or configuration: where it is shared, it is held here only.
    const written = store.isShared ? undefined : await store.update(id, held, version).catch(() => undefined);
    return { subscription: written ?? { ...subscription, ...held }, query: kept };
  };
}
