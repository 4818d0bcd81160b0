/**
 * The public port: hubs below every base path of the catalogue, publishing, and the description of it all. Every
 * refusal is a TMF Error in the shape of the API version that was addressed.
 */
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import type { Logger } from '../logger.ts';
import type { Catalogue } from '../tmf/catalogue.ts';
import { hubRoutes, shapePath } from './hub-routes.ts';
import { gatewayDocument } from './openapi/document.ts';
import { createLocator } from './locator.ts';
import type { Nowhere, Place } from './place.ts';
import { createPostedEvents } from './topics/posted-events.ts';
import type { PostedEventDependencies } from './topics/posted-events.ts';
import { publishHandler } from './publishing/publish-routes.ts';
import { createPublishing } from './publishing/publishing.ts';
import type { PublishingDependencies } from './publishing/publishing.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { closedTo, type Registration } from './registration/closed.ts';
import type { Registrations } from './registration/registrations.ts';
import { sendRefusal, writeAs } from './representation.ts';
import { createTopicEvents } from './topics/events.ts';
import { topicRoutes, topicShapePath } from './topics/routes.ts';
import { topicScope } from './topics/topics.ts';
import type { Topics } from './topics/topics.ts';
import { hubValidation, validationRefusal } from './validation.ts';

export interface HubDependencies extends PublishingDependencies, PostedEventDependencies {
  readonly registrations: Registrations;
  readonly topics: Topics;
  readonly catalogue: Catalogue;
  /** `server.basePath`: '' or a path that starts with `/` and does not end with one. */
  readonly basePath: string;
  /** `server.publicUrl`: scheme, host and port of every href; without it hrefs are paths. */
  readonly publicUrl?: string | undefined;
  readonly registration: Registration;
  /** Largest bodies, bytes. */
  readonly maxHubBody: number;
  readonly maxEventBody: number;
  readonly logger: Logger;
}

export const METHODS: Readonly<Record<Place['kind'], readonly string[]>> = {
  hubs: ['GET', 'POST'],
  hub: ['GET', 'DELETE'],
  event: ['POST'],
  listener: ['POST'],
  topics: ['GET', 'POST'],
  topic: ['GET', 'DELETE'],
  'topic-events': ['GET', 'POST'],
  'topic-event': ['GET'],
};

/** The Express app; binding a server to it is the caller's. */
export function createHubApp(dependencies: HubDependencies): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(dispatch(dependencies));
  app.use(description(dependencies));
  app.use((_req, res) => {
    const { hint, major } = res.locals['nowhere'] as Nowhere;
    sendRefusal(res, refuse(404, 'Not found', hint), major);
  });
  app.use(errorHandler(dependencies.logger));
  return app;
}

/** Publishing goes straight to its handler; the rest gets the URL under which its shape is described and routed. */
function dispatch(dependencies: HubDependencies): RequestHandler {
  const locate = createLocator(dependencies.catalogue, dependencies.basePath);
  const serve = handlers(dependencies);
  return (req, res, next) => {
    const place = locate(req.path);
    writeAs(res, place.kind === 'nowhere' ? place.major : place.scope.major);
    if (place.kind === 'nowhere') {
      res.locals['nowhere'] = place;
      next();
      return;
    }
    res.locals['place'] = place;
    const allowed = METHODS[place.kind];
    if (!allowed.includes(req.method)) {
      refuseMethod(req, res, allowed, place.scope.major);
      return;
    }
    const closed = dependencies.registration === 'closed' ? closedTo(place, req.method) : undefined;
    if (closed === undefined) serve(place, req.method)(req, res, next);
    else sendRefusal(res, closed, place.scope.major);
  };
}

function handlers(dependencies: HubDependencies): (place: Place, method: string) => RequestHandler {
  const { registrations, topics, maxHubBody, logger } = dependencies;
  const root = (dependencies.publicUrl ?? '') + dependencies.basePath;
  const shared = { root, maxBody: maxHubBody, validation: hubValidation(logger) };
  const publish = publishHandler(createPublishing(dependencies), dependencies.maxEventBody);
  const hubs = hubRoutes({ registrations, ...shared });
  const ofTopics = topicRoutes({
    ...{ topics, ...shared },
    postedEvents: createPostedEvents(dependencies),
    announce: createTopicEvents(dependencies),
  });
  return (place, method) => {
    if (place.kind === 'event' || place.kind === 'listener') return publish;
    if (place.kind === 'hubs' || place.kind === 'hub') {
      const handler = routedAs(shapePath(place), hubs);
      return place.kind === 'hubs' && place.topicId !== undefined ? onTopic(topics, handler) : handler;
    }
    if (place.kind === 'topic-events' && method === 'POST') return onTopic(topics, publish);
    return routedAs(topicShapePath(place), ofTopics);
  };
}

function routedAs(path: string, handler: RequestHandler): RequestHandler {
  return (req, res, next) => {
    const queryString = req.url.indexOf('?');
    req.url = path + (queryString === -1 ? '' : req.url.slice(queryString));
    handler(req, res, next);
  };
}

/** For what is below a topic that there must be. Its hubs get to know its filters. */
function onTopic(topics: Topics, handler: RequestHandler): RequestHandler {
  return (req, res, next) => {
    const place = res.locals['place'] as Extract<Place, { topicId?: string }>;
    const { hub, topicId = '' } = place;
    if (hub === undefined) return next();
    const onward = async (): Promise<void> => {
      const found = await topics.find(hub.basePath, topicId);
      if (!found.ok) return sendRefusal(res, found, hub.major);
      if (place.kind === 'hubs')
        res.locals['place'] = { ...place, scope: topicScope(hub.basePath, topicId, hub.major, found.topic) };
      handler(req, res, next);
    };
    onward().catch(next);
  };
}

function refuseMethod(
  { method }: Request,
  res: Response,
  allowed: readonly string[],
  major: number | null,
): void {
  const methods = allowed.join(', ');
  res.setHeader('Allow', methods);
  sendRefusal(
    res,
    refuse(405, 'Method not allowed', `${method} is not possible here, only ${methods}`),
    major,
  );
}

/** Made when first asked for: it is large and most gateways are never asked. */
function description({ catalogue, basePath, publicUrl }: HubDependencies): RequestHandler {
  const paths = ['/openapi.json', `${basePath}/openapi.json`];
  let text: string | undefined;
  return (req, res, next) => {
    if (!paths.includes(req.path)) {
      next();
      return;
    }
    if (req.method !== 'GET') {
      refuseMethod(req, res, ['GET'], null);
      return;
    }
    text ??= JSON.stringify(gatewayDocument(catalogue, (publicUrl ?? '') + basePath));
    res.setHeader('Content-Type', 'application/json');
    res.end(text);
  };
}

function errorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    const refusal = validationRefusal(error) ?? transportRefusal(error);
    if (refusal === undefined) {
      logger.error({ err: error, method: req.method, path: req.originalUrl }, 'hub.request.failed');
    }
    return sendRefusal(res, refusal ?? OWN_FAULT, majorOf(res));
  };
}

const OWN_FAULT = refuse(500, 'Internal error', 'the gateway could not do this; its log says why');

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
