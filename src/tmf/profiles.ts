/**
 * Profiles: how families of TMF clients want their events (HUB-CONTRACT 6). A profile is data; nothing else in the
 * gateway knows one by its name.
 */
import type { EnvelopeVersion } from './event.ts';

/** How the names of event types are written; `ProductOrderCreateEvent` in each of them: */
export const eventNameStyles = [
  /** As the producer wrote it. */
  'as-produced',
  /** ProductOrderCreateEvent, as the specifications spell it. */
  'event',
  /** productOrderCreateEvent */
  'lower-event',
  /** ProductOrderCreationNotification */
  'notification',
] as const;
export type EventNameStyle = (typeof eventNameStyles)[number];

export interface Profile {
  readonly name: string;
  /** `exact`: to the callback as it stands. `append`: to `{callback}{listenerBase}/listener/{eventType}` below it. */
  readonly callback: 'exact' | 'append';
  /**
   * '' or a path that starts with `/`; `{resource}` in it stands for the resource of the event type, as in
   * `/{resource}Notification/v7`.
   */
  readonly listenerBase: string;
  readonly eventNames: EventNameStyle;
  /** `by-hub`: that of the API version whose hub it is. */
  readonly envelope: EnvelopeVersion | 'by-hub';
  /** Members that are taken out of the envelope; never out of the resource. */
  readonly without: readonly string[];
  /** What the same registration again means; undefined: as `hub.duplicates` says. */
  readonly duplicates?: 'idempotent' | 'conflict' | 'allow' | undefined;
}

/** The profile of whoever asks for none. */
export const DEFAULT_PROFILE = 'tmf';

/** What v5 added to the envelope beside `@type`, `@baseType` and `@schemaLocation`, which no v4 envelope has. */
const ADDED_BY_V5 = ['source', 'reportingSystem', 'relatedParty', 'analyticCharacteristic'];

const exact = { callback: 'exact', listenerBase: '' } as const;
const appended = { callback: 'append', listenerBase: '' } as const;

export const builtInProfiles: readonly Profile[] = [
  { name: DEFAULT_PROFILE, ...exact, eventNames: 'as-produced', envelope: 'by-hub', without: [] },
  {
    ...{ name: 'strict-v4', ...exact, eventNames: 'event', envelope: 'v4' },
    ...{ without: ADDED_BY_V5, duplicates: 'idempotent' },
  },
  {
    ...{ name: 'oda-canvas', ...exact, eventNames: 'notification', envelope: 'v4' },
    ...{ without: [], duplicates: 'idempotent' },
  },
  {
    ...{ name: 'openslice', ...appended, eventNames: 'event', envelope: 'v4' },
    ...{ without: [], duplicates: 'allow' },
  },
  {
    ...{ name: 'mef-lso', ...appended, eventNames: 'lower-event', envelope: 'v4' },
    ...{ without: [], duplicates: 'conflict' },
  },
  {
    ...{ name: 'fiware', ...exact, eventNames: 'event', envelope: 'v4' },
    ...{ without: [], duplicates: 'conflict' },
  },
];

/** Which profile a hub has for those who ask for none. */
export interface ScopeProfile {
  readonly basePath: string;
  /** Undefined: the default one. */
  readonly profile?: string | undefined;
  /** Instead of the profile's own. */
  readonly listenerBase?: string | undefined;
}

export interface Profiles {
  readonly names: readonly string[];
  /** Of hubs that have none of their own. */
  readonly standard: Profile;
  /** The profile of a subscription at a hub; `asked` undefined: the hub's. Undefined when there is none of that name. */
  of(basePath: string, asked: string | undefined): Profile | undefined;
}

/**
 * The built-in profiles, `configured` ones beside or instead of those with the same name, and what each hub has.
 * Throws when `standard` or a scope names none of them.
 */
export function createProfiles(
  configured: readonly Profile[] = [],
  standard: string = DEFAULT_PROFILE,
  scopes: readonly ScopeProfile[] = [],
): Profiles {
  const profiles = new Map([...builtInProfiles, ...configured].map((profile) => [profile.name, profile]));
  const byPath = new Map(scopes.map((scope) => [scope.basePath, scope]));
  for (const name of [standard, ...scopes.flatMap(({ profile }) => profile ?? [])])
    if (!profiles.has(name)) throw new Error(unknownProfile(name, [...profiles.keys()]));
  return {
    names: [...profiles.keys()],
    standard: profiles.get(standard) as Profile,
    of(basePath, asked) {
      // The hubs below a topic are of the API that has the topic.
      const scope = byPath.get(basePath) ?? byPath.get(basePath.replace(/\/topic\/[^/]+$/, ''));
      const profile = profiles.get(asked ?? scope?.profile ?? standard);
      if (profile === undefined || scope?.listenerBase === undefined) return profile;
      return { ...profile, listenerBase: scope.listenerBase };
    },
  };
}

/** One sentence without its full stop. */
export function unknownProfile(name: string, names: readonly string[]): string {
  return `there is no profile ${JSON.stringify(name)}; there are ${names.join(', ')}`;
}
