/** /admin/orphans: what brokers keep for subscriptions that the registry does not know, and an end to it. */
import { Router } from 'express';
import type { Logger } from '../logger.ts';
import type { OrphanOperations } from './operations.ts';
import { methodNotAllowed, Problem } from './problem.ts';
import { clientOf, pathParameter } from './request.ts';

export function orphanRoutes(orphans: OrphanOperations, logger: Logger): Router {
  const router = Router();

  router
    .route('/')
    .get((_req, res) => {
      const items = orphans.list();
      res.json({ items, total: items.length });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/:id')
    .delete(async (req, res) => {
      const id = pathParameter(req, 'id');
      if (!(await orphans.remove(id))) throw new Problem(404, `${JSON.stringify(id)} is no orphan`);
      logger.info({ subscriptionId: id, from: clientOf(req) }, 'admin.orphan.remove');
      res.status(204).end();
    })
    .all(methodNotAllowed('DELETE'));

  return router;
}
