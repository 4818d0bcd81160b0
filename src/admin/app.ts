/**
 * The admin port: health, readiness and metrics for whoever watches, and /admin for operators (see access.ts).
 * Proxy headers are believed by nothing here.
 */
import express from 'express';
import type { Express } from 'express';
import type { Logger } from '../logger.ts';
import { requireAccess } from './access.ts';
import { readBody } from './body.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import type { Metrics } from './metrics.ts';
import { adminDocument } from './openapi.ts';
import type { Operations } from './operations.ts';
import { orphanRoutes } from './orphan-routes.ts';
import { methodNotAllowed, problemHandler, sendProblem } from './problem.ts';
import { pathParameter } from './request.ts';
import { subscriptionRoutes } from './subscription-routes.ts';

export interface AdminDependencies {
  readonly operations: Operations;
  readonly metrics: Pick<Metrics, 'expose'>;
  /** `admin.token`; undefined or '' = /admin is closed to other machines. */
  readonly token?: string | undefined;
  /**
   * `server.basePath`: metrics are below it too. An ODA Canvas routes to each of its components by path, also to their
   * metrics, and one path is one component's.
   */
  readonly basePath?: string;
  readonly logger: Logger;
}

/** The Express app; binding a server to it is the caller's. */
export function createAdminApp({
  operations,
  metrics,
  token,
  basePath = '',
  logger,
}: AdminDependencies): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    next();
  });

  watchers(app, operations, metrics, basePath);
  app.use('/admin', requireAccess(token), readBody());
  app.use('/admin/subscriptions', subscriptionRoutes(operations, logger));
  app.use('/admin/dead-letters', deadLetterRoutes(operations.deadLetters, logger));
  app.use('/admin/orphans', orphanRoutes(operations.orphans, logger));
  app
    .route('/admin/trace/:correlationId')
    .get(async (req, res) => {
      res.json(await operations.trace(pathParameter(req, 'correlationId')));
    })
    .all(methodNotAllowed('GET'));

  app.use((req, res) => sendProblem(res, 404, `there is no ${req.path}; see /openapi.json`));
  app.use(problemHandler(logger));
  return app;
}

function watchers(
  app: Express,
  operations: Operations,
  metrics: Pick<Metrics, 'expose'>,
  basePath: string,
): void {
  app
    .route('/healthz')
    .get((_req, res) => {
      res.json({ status: 'ok' });
    })
    .all(methodNotAllowed('GET'));
  app
    .route('/readyz')
    .get((_req, res) => {
      const readiness = operations.readiness();
      res.status(readiness.ready ? 200 : 503).json(readiness);
    })
    .all(methodNotAllowed('GET'));
  for (const path of new Set(['/metrics', `${basePath}/metrics`])) {
    app
      .route(path)
      .get(async (_req, res) => {
        const { contentType, text } = await metrics.expose();
        res.type(contentType).send(text);
      })
      .all(methodNotAllowed('GET'));
  }
  app
    .route('/openapi.json')
    .get((_req, res) => {
      res.json(adminDocument());
    })
    .all(methodNotAllowed('GET'));
}
