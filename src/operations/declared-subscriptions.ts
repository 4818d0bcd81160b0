import type { Registrations } from '../hub/registration/registrations.ts';
import type { HubScope } from '../registry/store.ts';
import { sleep, type Clock } from '../time.ts';
import type { Catalogue, HubPlace } from '../tmf/catalogue.ts';
import { hasVersion } from './hub-profiles.ts';

export interface DeclaredSubscription {
  readonly api?: string | undefined;
  readonly version?: string | undefined;
  readonly basePath?: string | undefined;
  readonly callback: string;
  readonly query: string;
  readonly ordering: 'key' | 'none';
  readonly profile?: string | undefined;
  readonly secret?: string | undefined;
}

/** Some at once, because each waits for the brokers. */
const AT_ONCE = 32;
const RETRY_MS = 1_000;
const NOT_NOW = 503;

/**
 * Makes the subscriptions of the configuration that do not exist yet; waits for a broker that is away. Throws, naming the
 * entry, when one can never be: a listener that somebody declared must not be missing in silence.
 */
export async function declaredSubscriptions(
  declared: readonly DeclaredSubscription[],
  catalogue: Catalogue,
  registrations: Registrations,
  clock: Clock,
): Promise<void> {
  const left = declared.entries();
  const worker = async (): Promise<void> => {
    for (const [i, entry] of left)
      await declareOne(`subscriptions[${i}]`, entry, catalogue, registrations, clock);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function declareOne(
  name: string,
  { api, version, basePath, ...body }: DeclaredSubscription,
  catalogue: Catalogue,
  registrations: Registrations,
  clock: Clock,
): Promise<void> {
  const scope = scopeOf({ api, version, basePath }, catalogue);
  if (!scope) throw new Error(`${name}: the catalogue has no such API, version or base path.`);
  for (;;) {
    const answer = await registrations.declare(scope, { ...body });
    if (answer.ok) return;
    if (answer.status !== NOT_NOW) throw new Error(`${name} (${body.callback}): ${answer.message}`);
    await sleep(clock, RETRY_MS);
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
  return hubs.find((hub) => hasVersion(hub, version));
}
