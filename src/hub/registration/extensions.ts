/** Members of a registration that TMF does not know, read and checked (HUB-CONTRACT 6). */
import { secretProblem } from '../../webhook-signature.ts';
import type { Extensions } from '../../registry/store.ts';
import { asObject, memberOf } from '../../tmf/document.ts';
import type { JsonObject } from '../../tmf/document.ts';
import { unknownProfile } from '../../tmf/profiles.ts';
import { parseDuration } from '../../units.ts';
import { refuse } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';

type Read<T> = { readonly ok: true; readonly value: T | undefined } | Refusal;

const NOTHING = { ok: true, value: undefined } as const;

/** What is absent or null was not asked for. `profiles`: the names that there are. */
export function readExtensions(body: JsonObject, profiles: readonly string[]): Read<Extensions> {
  if (present(body, 'auth') !== undefined)
    return refuse(501, 'Not supported', 'this version does not support "auth" in a registration');
  const read = {
    profile: readProfile(present(body, 'profile'), profiles),
    headers: readHeaders(present(body, 'headers')),
    secret: readSecret(present(body, 'secret')),
    retry: readRetry(present(body, 'retry')),
  };
  const refused = Object.values(read).find((one): one is Refusal => !one.ok);
  if (refused !== undefined) return refused;
  const asked = Object.entries(read).flatMap(([name, one]) =>
    one.ok && one.value !== undefined ? [[name, one.value] as const] : [],
  );
  return asked.length === 0 ? NOTHING : { ok: true, value: Object.fromEntries(asked) };
}

/** Names of the members in which two registrations differ. */
export function differences(one: Extensions = {}, other: Extensions = {}): string[] {
  const names = ['profile', 'headers', 'secret', 'retry'] as const;
  return names.filter((name) => textOf(one[name]) !== textOf(other[name]));
}

/** The same text for equal values, in whatever order their members stand. */
function textOf(value: unknown): string | undefined {
  return JSON.stringify(value, (_name, part: unknown) => {
    const object = asObject(part);
    return object === undefined ? part : Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  });
}

function readProfile(value: unknown, profiles: readonly string[]): Read<string> {
  if (value === undefined) return NOTHING;
  if (typeof value === 'string' && profiles.includes(value)) return { ok: true, value };
  return invalid(unknownProfile(typeof value === 'string' ? value : '', profiles));
}

const MOST_HEADERS = 32;
const LONGEST_HEADER = 4096;
/** RFC 9110, 5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** What the gateway says itself, and what belongs to the connection. */
const RESERVED =
  /^(?:content-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|webhook-.*|x-tmf-hub-.*|x-correlation-id|traceparent|tracestate)$/i;

function readHeaders(value: unknown): Read<Readonly<Record<string, string>>> {
  if (value === undefined) return NOTHING;
  const object = asObject(value);
  if (object === undefined) return invalid('"headers" must be an object of texts: {"X-Tenant": "retail"}');
  const entries = Object.entries(object).map(([name, one]) => [name.toLowerCase(), one] as const);
  if (entries.length > MOST_HEADERS) return invalid(`"headers" may be at most ${MOST_HEADERS}`);
  for (const [name, one] of entries) {
    const shown = JSON.stringify(name);
    if (!HEADER_NAME.test(name)) return invalid(`"headers": ${shown} is not the name of a header`);
    if (RESERVED.test(name)) return invalid(`"headers": ${shown} is set by the gateway itself`);
    if (typeof one !== 'string' || one.length > LONGEST_HEADER || !HEADER_VALUE.test(one))
      return invalid(
        `"headers": the value of ${shown} must be a text of at most ${LONGEST_HEADER} printable ASCII characters`,
      );
  }
  if (new Set(entries.map(([name]) => name)).size < entries.length)
    return invalid('"headers": names that differ in upper and lower case only are one header');
  return entries.length === 0
    ? NOTHING
    : { ok: true, value: Object.fromEntries(entries) as Record<string, string> };
}

function readSecret(value: unknown): Read<string> {
  if (value === undefined) return NOTHING;
  const problem = typeof value === 'string' ? secretProblem(value) : 'must be a text';
  return problem === undefined ? { ok: true, value: value as string } : invalid(`"secret" ${problem}`);
}

const MOST_DELAYS = 100;
const MOST_STATUSES = 200;
/** Node fires a timer of 25 days or more at once. */
const LONGEST_DELAY = 24 * 86_400_000;

function readRetry(value: unknown): Read<NonNullable<Extensions['retry']>> {
  if (value === undefined) return NOTHING;
  const object = asObject(value);
  if (object === undefined) return invalid('"retry" must be an object: {"delays": ["1s", "30s"]}');
  const delays = present(object, 'delays');
  const statuses = present(object, 'rejectStatuses');
  if (delays !== undefined && !areDelays(delays))
    return invalid(`"retry.delays" must be a list of up to ${MOST_DELAYS} durations such as "500ms" or "1h"`);
  if (statuses !== undefined && !areStatuses(statuses))
    return invalid('"retry.rejectStatuses" must be a list of statuses from 400 to 599 other than 410');
  const asked = {
    ...(delays !== undefined && { delays }),
    ...(statuses !== undefined && { rejectStatuses: statuses }),
  };
  return Object.keys(asked).length === 0 ? NOTHING : { ok: true, value: asked };
}

function areDelays(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length > MOST_DELAYS) return false;
  return value.every((one) => {
    const ms = typeof one === 'string' ? parseDuration(one) : undefined;
    return ms !== undefined && ms > 0 && ms <= LONGEST_DELAY;
  });
}

function areStatuses(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length > MOST_STATUSES) return false;
  return value.every((one) => Number.isInteger(one) && one >= 400 && one <= 599 && one !== 410);
}

function present(object: JsonObject, name: string): unknown {
  return memberOf(object, name) ?? undefined;
}

function invalid(message: string): Refusal {
  return refuse(400, 'Invalid registration', message);
}
