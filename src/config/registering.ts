/** Settings of the hubs: what registrations are accepted, which APIs exist, which subscriptions are given. */
import { z } from 'zod';
import { isCallback, isPath } from './addresses.ts';
import { secretProblem } from '../webhook-signature.ts';
import { DEFAULT_PROFILE, eventNameStyles } from '../tmf/profiles.ts';
import { alone, either, together } from './checks.ts';
import { choice, flag, type Kind, list, records, text } from './kinds.ts';
import { optional, required, section, setting } from './setting.ts';

export const api = () => text('an API id such as TMF622', (value) => /^[A-Z]{2,5}\d{1,5}$/.test(value));
const path = () => text('a path that starts with "/" and does not end with one', isPath);
const anyText = () => text('a text', () => true);

/** YAML reads an unquoted `4` or `5.0` as a number: what it means is plain, so it counts. */
function version(): Kind<z.ZodType<string, string | number>> {
  const schema = z
    .union([z.string(), z.number()])
    .transform(String)
    .pipe(z.string().regex(/^v?\d+(?:\.\d+){0,2}$/))
    .transform((value) => value.replace(/^v/, ''));
  return { schema, expected: 'a version such as 4 or 4.1.0', fromText: (written) => written };
}

const eventType = () => text('an event type such as ProductOrderCreateEvent', (value) => /^\w+$/.test(value));

const apiEntry = z.strictObject({
  api: required(api(), 'Which API it is.'),
  version: required(version(), 'Its version; the first number decides the envelope that is sent.'),
  basePath: required(path(), 'Where its hub lives, below server.basePath.'),
  title: optional(anyText(), 'Its name, for people.'),
  eventTypes: optional(
    list(eventType()),
    'The event types it has; without it those of the catalogue, or any.',
  ),
});

const profileName = () =>
  text('a name of lower-case letters, digits and "-"', (value) => /^[a-z0-9][a-z0-9-]{0,39}$/.test(value));
const listenerBase = () =>
  text('a path that starts with "/" and does not end with one, {resource} may stand in it', (value) =>
    isPath(value.replaceAll('{resource}', 'resource')),
  );
const duplicates = () => choice('idempotent', 'conflict', 'allow');

const profileEntry = z.strictObject({
  name: required(profileName(), 'What registrations call it; that of a built-in profile replaces that one.'),
  callback: setting(
    choice('exact', 'append'),
    'exact: events go to the callback as it stands; append: to {callback}{listenerBase}/listener/{eventType}.',
    'exact',
  ),
  listenerBase: optional(listenerBase(), 'With append: what stands before /listener.'),
  eventNames: setting(
    choice(...eventNameStyles),
    'How event types are written: as-produced, event (ProductOrderCreateEvent), lower-event (productOrderCreateEvent) or notification (ProductOrderCreationNotification).',
    'as-produced',
  ),
  envelope: setting(
    choice('by-hub', 'v4', 'v5', 'as-produced'),
    'Which envelope is sent; by-hub: that of the API version.',
    'by-hub',
  ),
  without: setting(
    list(
      text('the name of a member, but not eventId, eventTime, eventType, event or payload', (value) =>
        /^(?!(?:eventId|eventTime|eventType|event|payload)$)./.test(value),
      ),
    ),
    'Members that are taken out of the envelope.',
    [],
  ),
  duplicates: optional(duplicates(), 'Instead of hub.duplicates.'),
});

const scopeEntry = z
  .strictObject({
    api: optional(api(), 'The hubs of this API.'),
    version: optional(version(), 'Only that of this version.'),
    basePath: optional(path(), 'Instead of api and version: the base path of the hub.'),
    profile: optional(profileName(), 'The profile of those who ask for none.'),
    listenerBase: optional(listenerBase(), "Instead of the profile's."),
  })
  .refine(...together('version', 'api'))
  .refine(...alone('basePath', 'api'))
  .refine(...either('api', 'basePath'));

export const hub = section('Registration of listeners', {
  registration: setting(
    choice('open', 'closed'),
    'open: by POST .../hub, beside subscriptions. closed: POST and DELETE of hubs, and POST of topics, are answered with 403; what subscriptions declares is all there is, beside what was registered before. For a gateway whose registry lies on a disk that goes with its pod: it must not promise to remember.',
    'open',
  ),
  duplicates: setting(
    duplicates(),
    'Same callback and query again: 201 with what exists, 409, or one more subscription.',
    'idempotent',
  ),
  lenientQuery: setting(
    flag(),
    'Let a query that says nothing (the sample "data" of some specifications) mean everything instead of 400.',
    false,
  ),
  unknownEventTypes: setting(
    choice('reject', 'accept'),
    'A query for an event type that the API does not have: 400, or taken as a type of your own.',
    'reject',
  ),
  apis: setting(
    records(apiEntry),
    'APIs beside those of the catalogue, and other base paths for known ones.',
    [],
  ),
  profile: setting(
    profileName(),
    'How events are sent to those who ask for nothing else: tmf, strict-v4, oda-canvas, openslice, mef-lso, fiware, or one of hub.profiles.',
    DEFAULT_PROFILE,
  ),
  profiles: setting(records(profileEntry), 'Profiles beside the built-in ones.', []),
  scopes: setting(records(scopeEntry), 'Hubs that have a profile of their own.', []),
});

const subscriptionEntry = z
  .strictObject({
    api: optional(api(), 'Subscribes at the hub of this API; without api and basePath at the global /hub.'),
    version: optional(version(), 'Which version of the API; without it the newest.'),
    basePath: optional(path(), 'Instead of api and version: the base path of the hub.'),
    callback: required(
      text('an http or https URL without credentials and fragment', isCallback),
      'Where events are sent.',
    ),
    query: setting(anyText(), 'Which events; empty: all of the hub.', ''),
    profile: optional(profileName(), "How events are sent; without it the hub's."),
    secret: optional(
      text('"whsec_" and 24 to 64 bytes in base64', (value) => secretProblem(value) === undefined),
      'Signs what is sent (Standard Webhooks); up to four of them, separated by one blank, all sign.',
      { secret: true },
    ),
    ordering: setting(
      choice('key', 'none'),
      'key: events of one resource arrive in order, one at a time; none: as fast as possible.',
      'key',
    ),
  })
  .refine(...together('version', 'api'))
  .refine(...alone('basePath', 'api'));

export const subscriptions = setting(
  records(subscriptionEntry),
  'Subscriptions that exist from the start, beside those made with POST /hub.',
  [],
);
