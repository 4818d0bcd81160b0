/** The calls of topics and of what was posted to them (TMF688); hubs below them are those of `hub-routes.ts`. */
import { Router } from 'express';
import type { RequestHandler, Response } from 'express';
import type { Topic } from '../../registry/store.ts';
import { asObject } from '../../tmf/document.ts';
import { readBody } from '../body.ts';
import { parseBody, sendPage, SHAPES } from '../hub-routes.ts';
import type { Place } from '../place.ts';
import type { PostedEvents } from './posted-events.ts';
import { refuse } from '../refusal.ts';
import { sendRefusal } from '../representation.ts';
import type { TopicChange } from './events.ts';
import { topicBody, topicHref } from './representation.ts';
import type { Topics } from './topics.ts';

export type TopicPlace = Extract<Place, { kind: `topic${string}` }>;

export interface TopicRouteDependencies {
  readonly topics: Topics;
  readonly postedEvents: PostedEvents;
  /** Tells of a change that is done. */
  readonly announce: (change: TopicChange) => void;
  /** What stands before the path of every href. */
  readonly root: string;
  /** Largest body, bytes. */
  readonly maxBody: number;
  /** Checks requests and answers against the API description. */
  readonly validation: readonly RequestHandler[];
}

const NO_LIST = refuse(
  501,
  'Not supported',
  'what was posted is delivered to the hubs of the topic and not listed; GET one by its id, or register a hub',
);

/** The path of a place in the description that requests are checked against, without the query string. */
export function topicShapePath(place: TopicPlace): string {
  const path = `${SHAPES.v4}/topic`;
  if (place.kind === 'topics') return path;
  const topic = `${path}/${encodeURIComponent(place.topicId)}`;
  if (place.kind === 'topic') return topic;
  return place.kind === 'topic-events'
    ? `${topic}/event`
    : `${topic}/event/${encodeURIComponent(place.eventId)}`;
}

/** Expects the place of the request in `res.locals.place` and its `topicShapePath` as the URL. */
export function topicRoutes(dependencies: TopicRouteDependencies): Router {
  const { topics, postedEvents, root, maxBody, validation } = dependencies;
  const router = Router();
  router.post('/:shape/topic', readBody(maxBody), parseBody);
  router.use([...validation]);

  router.post('/:shape/topic', async (req, res) => {
    const { scope } = placeOf(res);
    const result = await topics.create(scope.basePath, asObject(req.body) ?? {});
    if (!result.ok) return sendRefusal(res, result, scope.major);
    announce('TopicCreateEvent', result.topic, res);
    res.setHeader('Location', topicHref(root, result.topic));
    res.status(201).json(topicBody(root, result.topic));
  });

  router.get('/:shape/topic', (req, res) => {
    const name = new URLSearchParams(req.url.split('?')[1] ?? '').get('name') ?? undefined;
    const all = topics.list(placeOf(res).scope.basePath, name);
    sendPage(req, res, all, (topic) => topicBody(root, topic));
  });

  router.get('/:shape/topic/:id', async (_req, res) => {
    const { scope, topicId } = below(res);
    const result = await topics.find(scope.basePath, topicId);
    if (!result.ok) return sendRefusal(res, result, scope.major);
    res.json(topicBody(root, result.topic));
  });

  router.delete('/:shape/topic/:id', async (_req, res) => {
    const { scope, topicId } = below(res);
    const result = await topics.remove(scope.basePath, topicId);
    if (!result.ok) return sendRefusal(res, result, scope.major);
    announce('TopicDeleteEvent', result.topic, res);
    res.status(204).end();
  });

  router.get('/:shape/topic/:id/event', async (_req, res) => {
    const { scope, topicId } = below(res);
    const found = await topics.find(scope.basePath, topicId);
    sendRefusal(res, found.ok ? NO_LIST : found, scope.major);
  });

  router.get('/:shape/topic/:id/event/:eventId', async (_req, res) => {
    const { scope, topicId, eventId } = placeOf(res) as Extract<TopicPlace, { kind: 'topic-event' }>;
    const found = await topics.find(scope.basePath, topicId);
    if (!found.ok) return sendRefusal(res, found, scope.major);
    const result = await postedEvents(topicId, eventId);
    if (!result.ok) return sendRefusal(res, result, scope.major);
    res.json(result.event);
  });

  function announce(eventType: TopicChange['eventType'], topic: Topic, res: Response): void {
    const { api } = placeOf(res).scope;
    if (api === null) return;
    dependencies.announce({ eventType, api, topicId: topic.id, topic: topicBody(root, topic) });
  }
  return router;
}

function placeOf(res: Response): TopicPlace {
  return res.locals['place'] as TopicPlace;
}

function below(res: Response): Exclude<TopicPlace, { kind: 'topics' }> {
  return placeOf(res) as Exclude<TopicPlace, { kind: 'topics' }>;
}
