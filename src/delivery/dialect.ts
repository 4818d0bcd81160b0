import type { Subscription } from '../registry/store.ts';
import { envelopeFor } from '../tmf/envelope.ts';
import type { EnvelopeVersion, TmfEvent } from '../tmf/event.ts';
import { asEvent, asNotification, lowerFirst, resourceNameOf, withoutPackage } from '../tmf/event-names.ts';
import type { EventNameStyle, Profile } from '../tmf/profiles.ts';
import { project, type Projection } from '../tmf/projection.ts';

/** What the catalogue knows of event types that names are made of. */
export interface NameKnowledge {
  eventOf(apiId: string, name: string): { readonly type: string; readonly kind: string } | undefined;
}

const CONTENT_TYPES: Readonly<Record<EnvelopeVersion, string>> = {
  v4: 'application/json;charset=utf-8',
  v5: 'application/json',
  'as-produced': 'application/json',
};

const NAMES: Readonly<Record<EventNameStyle, (produced: string, specified: string | undefined) => string>> = {
  'as-produced': (produced) => produced,
  event: asEvent,
  'lower-event': (produced, specified) => lowerFirst(asEvent(produced, specified)),
  notification: asNotification,
};

const utf8 = new TextDecoder();
/** Behind the host, which may be called `listener` itself. */
const LISTENER_PATH = /^[^/]*\/\/[^/]+\/(?:.*\/)?listener\/[^/]+\/?$/;
/** Producers use a few hundred names; a flood of invented ones is not worth memory. */
const NAMES_LIMIT = 4096;

/** How events are written for a subscription: a profile at a hub. Shared by all that are written to alike. */
export class Dialect {
  readonly contentType: string;
  readonly #profile: Profile;
  readonly #version: EnvelopeVersion;
  readonly #api: string | null;
  readonly #knowledge: NameKnowledge;
  readonly #projection: Projection | undefined;
  readonly #names = new Map<string, string>();
  /** Nothing but the version of the envelope is decided here. */
  readonly #isPlain: boolean;

  constructor(
    profile: Profile,
    { api, major }: Subscription['scope'],
    knowledge: NameKnowledge,
    projection: Projection | undefined,
  ) {
    this.#profile = profile;
    this.#version = profile.envelope === 'by-hub' ? versionOf(major) : profile.envelope;
    this.#api = api;
    this.#knowledge = knowledge;
    this.#projection = projection;
    this.contentType = CONTENT_TYPES[this.#version];
    this.#isPlain = profile.eventNames === 'as-produced' && profile.without.length === 0;
  }

  /** The bytes of each event are built once for all subscriptions that want them alike. */
  bytesOf(event: TmfEvent): Uint8Array {
    const version = this.#version;
    // One subscription's own choice of members: nobody would share it.
    if (this.#projection !== undefined) return this.#shape(event);
    if (this.#isPlain) {
      if (version === 'as-produced') return event.bytes;
      return (event[version] ??= envelopeFor(event.bytes, version, event.type));
    }
    const shaped = (event.shaped ??= new Map<object, Uint8Array>());
    const known = shaped.get(this);
    if (known !== undefined) return known;
    const bytes = this.#shape(event);
    shaped.set(this, bytes);
    return bytes;
  }

  /** Where the event goes for a callback (HUB-CONTRACT 4). */
  urlOf(callback: string, event: TmfEvent): string {
    if (this.#profile.callback === 'exact') return callback;
    const cut = callback.indexOf('?');
    const path = cut === -1 ? callback : callback.slice(0, cut);
    if (LISTENER_PATH.test(path)) return callback;
    const name = urlSegment(lowerFirst(withoutPackage(this.#nameOf(event))));
    const base = this.#profile.listenerBase.replaceAll('{resource}', () => this.#resourceOf(event));
    const query = cut === -1 ? '' : callback.slice(cut);
    return `${path.replace(/\/$/, '')}${base}/listener/${name}${query}`;
  }

  #shape(event: TmfEvent): Uint8Array {
    const edits = { without: this.#profile.without, eventType: this.#nameOf(event) };
    const bytes = envelopeFor(event.bytes, this.#version, event.type, edits);
    if (this.#projection === undefined) return bytes;
    return Buffer.from(project(utf8.decode(bytes), this.#projection));
  }

  #nameOf(event: TmfEvent): string {
    if (this.#profile.eventNames === 'as-produced') return event.type;
    const known = this.#names.get(event.type);
    if (known !== undefined) return known;
    const name = NAMES[this.#profile.eventNames](event.type, this.#specified(event)?.type);
    if (this.#names.size >= NAMES_LIMIT) this.#names.clear();
    this.#names.set(event.type, name);
    return name;
  }

  #resourceOf(event: TmfEvent): string {
    const specified = this.#specified(event);
    return urlSegment(resourceNameOf(specified?.type ?? event.type, specified?.kind ?? ''));
  }

  #specified(event: TmfEvent) {
    const api = this.#api ?? event.apis[0];
    return api === undefined ? undefined : this.#knowledge.eventOf(api, event.type);
  }
}

/** Half a surrogate pair, which JSON can spell, has no encoding and would throw. */
function urlSegment(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** The hub's API version decides the envelope; v1 to v3 and the global hub get the event as produced. */
function versionOf(major: number | null): EnvelopeVersion {
  if (major === null || major < 4) return 'as-produced';
  return major === 4 ? 'v4' : 'v5';
}

/** The dialects in use: those without a projection are shared by all subscriptions that are written to alike. */
export class Dialects {
  readonly #knowledge: NameKnowledge;
  readonly #shared = new Map<string, Dialect>();

  constructor(knowledge: NameKnowledge) {
    this.#knowledge = knowledge;
  }

  of(profile: Profile, scope: Subscription['scope'], projection: Projection | undefined): Dialect {
    if (projection !== undefined) return new Dialect(profile, scope, this.#knowledge, projection);
    const key = JSON.stringify([profile, scope.api, scope.major]);
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const dialect = new Dialect(profile, scope, this.#knowledge, undefined);
    this.#shared.set(key, dialect);
    return dialect;
  }
}
