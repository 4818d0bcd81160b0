/**
 * `POST /event`, `POST {apiBase}/event`, `POST {apiBase}/listener/{eventName}` and `POST {topic}/event`: 201 once the
 * event is durable.
 */
import type { Request, RequestHandler, Response } from 'express';
import { jsonText, readBody } from '../body.ts';
import type { Place } from '../place.ts';
import type { createPublishing } from './publishing.ts';
import { mediaType, sendRefusal } from '../representation.ts';

export type PublishPlace = Extract<Place, { kind: 'event' | 'listener' | 'topic-events' }>;

/**
 * Handles a publish request whose place is in `res.locals.place`. Many thousands a second come this way, so it is
 * called directly and checks by hand what the validator of the control side would.
 */
export function publishHandler(
  publish: ReturnType<typeof createPublishing>,
  maxBody: number,
): RequestHandler {
  const read = readBody(maxBody);
  return (req, res, next) => {
    read(req, res, (error?: unknown) => {
      if (error !== undefined) return next(error);
      answer(publish, req, res).catch(next);
    });
  };
}

async function answer(
  publish: ReturnType<typeof createPublishing>,
  req: Request,
  res: Response,
): Promise<void> {
  const place = res.locals['place'] as PublishPlace;
  const { major } = place.scope;
  const body = jsonText(req);
  if (!body.ok) return sendRefusal(res, body, major);
  const result = await publish({
    base: place,
    eventName: place.kind === 'listener' ? place.eventName : undefined,
    topicId: place.kind === 'topic-events' ? place.topicId : undefined,
    text: body.text,
    bytes: body.bytes,
    tmfApi: header(req, 'tmfapi'),
    traceparent: header(req, 'traceparent'),
  });
  if (!result.ok) return sendRefusal(res, result, major);
  res.writeHead(201, { 'Content-Type': mediaType(major), 'Content-Length': result.bytes.byteLength });
  res.end(result.bytes);
}

function header(req: Request, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
