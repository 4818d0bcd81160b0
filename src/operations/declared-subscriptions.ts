import type { Registrations } from '../hub/registrations.ts';
import type { HubScope } from '../registry/store.ts';
import type { Catalogue, HubPlace } from '../tmf/catalogue.ts';

export interface DeclaredSubscription {
  readonly api?: string | undefined;
  readonly version?: string | undefined;
  readonly basePath?: string | undefined;
  readonly callback: string;
  readonly query: string;
  readonly ordering: 'key' | 'none';
}

/**
 * Makes the subscriptions of the configuration that do not exist yet. Throws, naming the entry, when one cannot be: a
 * listener that somebody declared must not be missing in silence.
 */
export async function declaredSubscriptions(
  declared: readonly DeclaredSubscription[],
  catalogue: Catalogue,
  registrations: Registrations,
): Promise<void> {
  for (const [i, { callback, query, ordering, ...where }] of declared.entries()) {
    const scope = scopeOf(where, catalogue);
    if (!scope) throw new Error(`subscriptions[${i}]: the catalogue has no such API, version or base path.`);
    if (
      registrations
        .list(scope)
        .some((one) => one.callback === callback && one.query === query && one.ordering === ordering)
    )
      continue;
    const answer = await registrations.register(scope, { callback, query, ordering });
    if (!answer.ok) throw new Error(`subscriptions[${i}] (${callback}): ${answer.message}`);
  }
}

function scopeOf(
  where: Pick<DeclaredSubscription, 'api' | 'version' | 'basePath'>,
  catalogue: Catalogue,
): HubScope | undefined {
  if (where.api === undefined && where.basePath === undefined)
    return { basePath: '', api: null, major: null };
  const hub = where.basePath === undefined ? hubOf(where, catalogue) : catalogue.hubAt(where.basePath);
  return hub && { basePath: hub.basePath, api: hub.api, major: hub.major };
}

/** The API's hub that has the version; without one the newest. */
function hubOf(
  { api, version }: Pick<DeclaredSubscription, 'api' | 'version'>,
  catalogue: Catalogue,
): HubPlace | undefined {
  const hubs = catalogue.hubs.filter((hub) => hub.api === api);
  if (version === undefined) return hubs.toSorted((a, b) => a.major - b.major).at(-1);
  return hubs.find((hub) => hub.versions.some((one) => one === version || one.startsWith(`${version}.`)));
}
