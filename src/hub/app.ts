/**
 * The public port: hubs below every base path of the catalogue, publishing, and the description of it all. Every
 * refusal is a TMF Error in the shape of the API version that was addressed.
 */
import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler, Response } from 'express';
import type { Logger } from '../logger.ts';
import type { Catalogue } from '../tmf/catalogue.ts';
import { hubRoutes, shapePath } from './hub-routes.ts';
import { gatewayDocument } from './openapi.ts';
import { createLocator } from './place.ts';
import type { Place } from './place.ts';
import { publishHandler } from './publish-routes.ts';
import { createPublishing } from './publishing.ts';
import type { PublishingDependencies } from './publishing.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Registrations } from './registrations.ts';
import { sendRefusal, writeAs } from './representation.ts';
import { hubValidation, validationRefusal } from './validation.ts';

export interface HubDependencies extends PublishingDependencies {
  readonly registrations: Registrations;
  readonly catalogue: Catalogue;
  /** `server.basePath`: '' or a path that starts with `/` and does not end with one. */
  readonly basePath: string;
  /** `server.publicUrl`: scheme, host and port of every href; without it hrefs are paths. */
  readonly publicUrl?: string | undefined;
  /** Largest bodies, bytes. */
  readonly maxHubBody: number;
  readonly maxEventBody: number;
  readonly logger: Logger;
}

const METHODS: Readonly<Record<Place['kind'], readonly string[]>> = {
  hubs: ['GET', 'HEAD', 'POST'],
  hub: ['GET', 'HEAD', 'DELETE'],
  event: ['POST'],
  listener: ['POST'],
};

/** The Express app; binding a server to it is the caller's. */
export function createHubApp(dependencies: HubDependencies): Express {
  const { basePath, logger } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(dispatch(dependencies));
  app.get(`${basePath}/openapi.json`, description(dependencies));
  app.use((_req, res) => {
    const { hint } = res.locals as { hint: string };
    sendRefusal(res, refuse(404, 'Not found', hint), null);
  });
  app.use(errorHandler(logger));
  return app;
}

/** Publishing goes straight to its handler; hubs get the URL under which their shape is described and routed. */
function dispatch(dependencies: HubDependencies): RequestHandler {
  const locate = createLocator(dependencies.catalogue, dependencies.basePath);
  const publish = publishHandler(createPublishing(dependencies), dependencies.maxEventBody);
  const hubs = hubRoutes({
    registrations: dependencies.registrations,
    root: (dependencies.publicUrl ?? '') + dependencies.basePath,
    maxBody: dependencies.maxHubBody,
    validation: hubValidation(dependencies.logger),
  });
  return (req, res, next) => {
    const place = locate(req.path);
    writeAs(res, place.kind === 'nowhere' ? null : place.scope.major);
    if (place.kind === 'nowhere') {
      res.locals['hint'] = place.hint;
      return next();
    }
    res.locals['place'] = place;
    const allowed = METHODS[place.kind];
    if (!allowed.includes(req.method)) {
      res.setHeader('Allow', allowed.join(', '));
      const message = `${req.method} is not possible here, only ${allowed.join(', ')}`;
      return sendRefusal(res, refuse(405, 'Method not allowed', message), place.scope.major);
    }
    if (place.kind === 'event' || place.kind === 'listener') return publish(req, res, next);
    const queryString = req.url.indexOf('?');
    req.url = shapePath(place) + (queryString === -1 ? '' : req.url.slice(queryString));
    hubs(req, res, next);
  };
}

function description({ catalogue, basePath, publicUrl }: HubDependencies): RequestHandler {
  let text: string | undefined;
  return (_req, res) => {
    text ??= JSON.stringify(gatewayDocument(catalogue, (publicUrl ?? '') + basePath));
    res.setHeader('Content-Type', 'application/json');
    res.end(text);
  };
}

function errorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    const refusal = validationRefusal(error) ?? transportRefusal(error);
    if (refusal !== undefined) return sendRefusal(res, refusal, majorOf(res));
    logger.error({ err: error, method: req.method, path: req.originalUrl }, 'hub.request.failed');
    const message = 'the gateway could not do this; its log says why';
    return sendRefusal(res, refuse(500, 'Internal error', message), majorOf(res));
  };
}

/** What the body parser found: too large, cut off, packed in a way that nobody knows. */
function transportRefusal(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status === 413) {
    const limit = 'limit' in error ? ` of ${String(error.limit)} bytes` : '';
    return refuse(413, 'Body too large', `the body is larger than the limit${limit}`);
  }
  if (error.status === 415) return refuse(415, 'Unsupported media type', error.message);
  if (error.status < 500) return refuse(400, 'Bad request', error.message);
  return undefined;
}

function majorOf(res: Response): number | null {
  const place = res.locals['place'] as Place | undefined;
  return place?.scope.major ?? null;
}
