/** /admin/subscriptions: their state, pause and resume, replay, and "why was this not delivered?". */
import { Router } from 'express';
import type { Logger } from '../logger.ts';
import { bodyJson } from './body.ts';
import type { Operations } from './operations.ts';
import { replayRange, requiredParameter } from './parameters.ts';
import { methodNotAllowed, Problem } from './problem.ts';
import { clientOf, pathParameter, queryOf } from './request.ts';

export function subscriptionRoutes(operations: Operations, logger: Logger): Router {
  const router = Router();

  router
    .route('/')
    .get((_req, res) => {
      const items = operations.subscriptions();
      res.json({ items, total: items.length });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/:id')
    .get((req, res) => {
      const id = pathParameter(req, 'id');
      res.json(found(id, operations.subscription(id)));
    })
    .all(methodNotAllowed('GET'));

  for (const action of ['pause', 'resume'] as const) {
    router
      .route(`/:id/${action}`)
      .post(async (req, res) => {
        const id = pathParameter(req, 'id');
        const view = found(id, await operations[action](id));
        logger.info({ subscriptionId: id, from: clientOf(req) }, `admin.subscription.${action}`);
        res.json(view);
      })
      .all(methodNotAllowed('POST'));
  }

  router
    .route('/:id/replay')
    .post(async (req, res) => {
      const id = pathParameter(req, 'id');
      const range = replayRange(bodyJson(req));
      const job = found(id, await operations.replay(id, range));
      logger.info({ subscriptionId: id, range, ...job, from: clientOf(req) }, 'admin.subscription.replay');
      res.status(202).json(job);
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/:id/explain')
    .get(async (req, res) => {
      const id = pathParameter(req, 'id');
      const eventId = requiredParameter(queryOf(req), 'eventId');
      res.json(found(id, await operations.explain(id, eventId)));
    })
    .all(methodNotAllowed('GET'));

  return router;
}

function found<T>(id: string, value: T | undefined): T {
  if (value === undefined) throw new Problem(404, `there is no subscription ${JSON.stringify(id)}`);
  return value;
}
