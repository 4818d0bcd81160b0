/** Subscriptions and errors as the versions of the TMF APIs write them (HUB-CONTRACT 2). */
import type { Response } from 'express';
import type { Subscription } from '../registry/store.ts';
import { tmfError } from '../tmf/errors.ts';
import type { Refusal } from './refusal.ts';

/** From v5 on, bodies say their type, hubs their href, and the media type has no charset. */
export function isV5(major: number | null): boolean {
  return major !== null && major >= 5;
}

export function mediaType(major: number | null): string {
  return isV5(major) ? 'application/json' : 'application/json;charset=utf-8';
}

/** What stands before the path of every href: `server.publicUrl` and `server.basePath`. */
export function hubHref(root: string, { scope, id }: Pick<Subscription, 'scope' | 'id'>): string {
  return `${root}${scope.basePath}/hub/${encodeURIComponent(id)}`;
}

/** Extensions: only a client that asked for them sees them. Secrets, and headers that may be some, nobody sees. */
export function hubBody(root: string, subscription: Subscription): Record<string, unknown> {
  const { id, callback, query, ordering, scope, extensions = {} } = subscription;
  const { profile, retry } = extensions;
  return {
    ...(isV5(scope.major) ? { '@type': 'Hub', id, href: hubHref(root, subscription) } : { id }),
    callback,
    query,
    ...(ordering === 'none' && { ordering }),
    ...(profile !== undefined && { profile }),
    ...(retry !== undefined && { retry }),
  };
}

/** Makes `res.json` write the media type of an API version, as it is. Express adds a charset of its own. */
export function writeAs(res: Response, major: number | null): void {
  res.json = (body: unknown) => {
    res.setHeader('Content-Type', mediaType(major));
    return res.end(JSON.stringify(body));
  };
}

/** Answers with the TMF Error of an API version. `hrefOf` makes the Location of the hub that is in the way. */
export function sendRefusal(
  res: Response,
  refusal: Refusal,
  major: number | null,
  hrefOf?: (id: string) => string,
): void {
  const { status, reason, message, code, retryAfterSeconds, existingId } = refusal;
  if (retryAfterSeconds !== undefined) res.setHeader('Retry-After', retryAfterSeconds);
  if (existingId !== undefined && hrefOf !== undefined) res.setHeader('Location', hrefOf(existingId));
  res.status(status);
  res.json(tmfError({ status, reason, message, major, ...(code !== undefined && { code }) }));
}
