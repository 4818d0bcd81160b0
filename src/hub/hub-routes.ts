/** The four calls of the hub resource, the same below every base path (HUB-CONTRACT 2). */
import { Router } from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { asObject } from '../tmf/document.ts';
import { jsonText, parseJson, readBody } from './body.ts';
import type { Place } from './place.ts';
import type { Registrations } from './registration/registrations.ts';
import { hubBody, hubHref, isV5, sendRefusal } from './representation.ts';

export interface HubRouteDependencies {
  readonly registrations: Registrations;
  /** What stands before the path of every href. */
  readonly root: string;
  /** Largest body of a registration, bytes. */
  readonly maxBody: number;
  /** Checks requests and answers against the API description. */
  readonly validation: readonly RequestHandler[];
}

/** Paths below which the two shapes of the hub are described and routed, whatever the base path of the request. */
export const SHAPES = { v4: '/v4', v5: '/v5' } as const;

/** The path of a place in the description that requests are checked against, without the query string. */
export function shapePath(place: Extract<Place, { kind: 'hubs' | 'hub' }>): string {
  const shape = isV5(place.scope.major) ? SHAPES.v5 : SHAPES.v4;
  const below = place.topicId === undefined ? '' : `/topic/${encodeURIComponent(place.topicId)}`;
  return `${shape}${below}/hub${place.kind === 'hub' ? `/${encodeURIComponent(place.id)}` : ''}`;
}

/** Of an API, or of a topic below it. */
const HUBS = ['/:shape/hub', '/:shape/topic/:topicId/hub'];
const HUB = HUBS.map((path) => `${path}/:id`);

/** Expects the place of the request in `res.locals.place` and its `shapePath` as the URL. */
export function hubRoutes({ registrations, root, maxBody, validation }: HubRouteDependencies): Router {
  const router = Router();
  router.post(HUBS, readBody(maxBody), parseBody);
  router.use([...validation]);

  router.post(HUBS, async (req, res) => {
    const { scope } = placeOf(res);
    const result = await registrations.register(scope, asObject(req.body) ?? {});
    if (!result.ok) return sendRefusal(res, result, scope.major, (id) => hubHref(root, { scope, id }));
    res.setHeader('Location', hubHref(root, result.subscription));
    res.status(201).json(hubBody(root, result.subscription));
  });

  router.get(HUBS, (req, res) => {
    sendPage(req, res, registrations.list(placeOf(res).scope), (one) => hubBody(root, one));
  });

  router.get(HUB, async (_req, res) => {
    const { scope, id } = hubOf(res);
    const result = await registrations.get(scope, id);
    if (!result.ok) return sendRefusal(res, result, scope.major);
    res.json(hubBody(root, result.subscription));
  });

  router.delete(HUB, async (_req, res) => {
    const { scope, id } = hubOf(res);
    const result = await registrations.remove(scope, id);
    if (!result.ok) return sendRefusal(res, result, scope.major);
    res.status(204).end();
  });
  return router;
}

export const parseBody: RequestHandler = (req, res, next) => {
  const body = jsonText(req);
  const parsed = body.ok ? parseJson(body.text) : body;
  if (!parsed.ok) return sendRefusal(res, parsed, placeOf(res).scope.major);
  req.body = parsed.value;
  next();
};

function placeOf(res: Response): Place {
  return res.locals['place'] as Place;
}

function hubOf(res: Response): Extract<Place, { kind: 'hub' }> {
  return res.locals['place'] as Extract<Place, { kind: 'hub' }>;
}

/**
 * Answers the part of a list that `offset` and `limit` ask for, which were checked against the description before;
 * without a limit there is no hidden one (PITFALLS 15).
 */
export function sendPage<T>(
  req: Request,
  res: Response,
  all: readonly T[],
  bodyOf: (one: T) => unknown,
): void {
  const query = new URLSearchParams(req.url.split('?')[1] ?? '');
  const offset = Number(query.get('offset') ?? 0);
  const page = all.slice(offset, offset + Number(query.get('limit') ?? all.length));
  res.setHeader('X-Total-Count', all.length);
  res.setHeader('X-Result-Count', page.length);
  res.json(page.map(bodyOf));
}
