import type { Catalogue, HubPlace } from '../tmf/catalogue.ts';
import { createProfiles, type Profile, type Profiles } from '../tmf/profiles.ts';

/** The part of the configuration that says which hub has which profile. */
export interface ProfileSettings {
  readonly profile: string;
  readonly profiles: readonly (Omit<Profile, 'listenerBase'> & {
    readonly listenerBase?: string | undefined;
  })[];
  readonly scopes: readonly {
    readonly api?: string | undefined;
    readonly version?: string | undefined;
    readonly basePath?: string | undefined;
    readonly profile?: string | undefined;
    readonly listenerBase?: string | undefined;
  }[];
}

/** Throws, naming the entry, when one is of no hub. Whether there are such profiles was checked with the settings. */
export function hubProfiles({ profile, profiles, scopes }: ProfileSettings, catalogue: Catalogue): Profiles {
  const placed = scopes.flatMap(({ api, version, basePath, ...given }, i) => {
    const hubs =
      basePath === undefined
        ? catalogue.hubs.filter((hub) => hub.api === api && hasVersion(hub, version))
        : catalogue.hubs.filter((hub) => hub.basePath === basePath);
    if (hubs.length === 0)
      throw new Error(`hub.scopes[${i}]: the catalogue has no such API, version or base path.`);
    return hubs.map((hub) => ({ ...given, basePath: hub.basePath }));
  });
  const twice = placed.find(({ basePath }, i) => placed.findIndex((one) => one.basePath === basePath) < i);
  if (twice !== undefined)
    throw new Error(`hub.scopes: more than one entry is of the hub at ${twice.basePath}.`);
  const configured = profiles.map(({ listenerBase = '', ...given }) => ({ ...given, listenerBase }));
  return createProfiles(configured, profile, placed);
}

/** `version`: whole, or its beginning; undefined = any. */
export function hasVersion({ versions }: HubPlace, version: string | undefined): boolean {
  return version === undefined || versions.some((one) => `${one}.`.startsWith(`${version}.`));
}
