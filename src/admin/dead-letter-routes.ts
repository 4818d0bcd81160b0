/** /admin/dead-letters: look, count, discard, replay one (as it was or corrected) or many. */
import { Router } from 'express';
import type { Request } from 'express';
import type { DeadLetter } from '../brokers/broker.ts';
import type { Logger } from '../logger.ts';
import { bodyBytes, bodyJson, parseJson } from './body.ts';
import { deadLetterJson } from './dead-letter-json.ts';
import type { DeadLetterOperations } from './operations.ts';
import { deadLetterFilter, deadLetterQuery } from './parameters.ts';
import { methodNotAllowed, Problem } from './problem.ts';
import { clientOf, pathParameter, queryOf } from './request.ts';

export function deadLetterRoutes(deadLetters: DeadLetterOperations, logger: Logger): Router {
  const router = Router();

  router
    .route('/')
    .get(async (req, res) => {
      const { filter, page, groupBy } = deadLetterQuery(queryOf(req));
      if (groupBy !== undefined) {
        const counts = await deadLetters.count(filter, groupBy);
        res.json({ counts, total: Object.values(counts).reduce((sum, n) => sum + n, 0) });
        return;
      }
      const { items, total } = await deadLetters.list(filter, page);
      res.json({ items: items.map(deadLetterJson), total });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/replay')
    .post(async (req, res) => {
      const filter = filterOf(bodyJson(req));
      const result = await deadLetters.replayMany(filter);
      logger.info({ filter, ...result, from: clientOf(req) }, 'admin.dead-letters.replay');
      res.status(202).json(result);
    })
    // GET /admin/dead-letters/replay would else be read as the dead letter with the id "replay".
    .all(methodNotAllowed('POST'));

  router
    .route('/:id')
    .get(async (req, res) => {
      const id = pathParameter(req, 'id');
      res.json(deadLetterJson(found(id, await deadLetters.get(id))));
    })
    .delete(async (req, res) => {
      const id = pathParameter(req, 'id');
      found(id, await deadLetters.discard(id));
      logger.info({ deadLetterId: id, from: clientOf(req) }, 'admin.dead-letter.discard');
      res.status(204).end();
    })
    .all(methodNotAllowed('GET', 'DELETE'));

  router
    .route('/:id/replay')
    .post(async (req, res) => {
      const id = pathParameter(req, 'id');
      const corrected = correctedBody(req);
      const letter = found(id, await deadLetters.replay(id, corrected));
      const fields = { deadLetterId: id, corrected: corrected !== undefined, from: clientOf(req) };
      logger.info(fields, 'admin.dead-letter.replay');
      res.status(202).json(deadLetterJson(letter));
    })
    .all(methodNotAllowed('POST'));

  return router;
}

/** Absent and `{}` (which clients send that always send a body) both mean the original bytes. */
function correctedBody(req: Request): Uint8Array | undefined {
  const bytes = bodyBytes(req);
  if (bytes === undefined) return undefined;
  const json = parseJson(bytes);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Problem(400, 'a corrected body must be the whole event, a JSON object');
  }
  return Object.keys(json).length === 0 ? undefined : bytes;
}

/** `filter` must be said, even if empty: nobody replays everything by forgetting a body. */
function filterOf(body: unknown) {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'filter')) {
    throw new Problem(400, 'send {"filter": {...}}; an empty filter means all open dead letters');
  }
  return deadLetterFilter((body as { filter: unknown }).filter);
}

function found(id: string, letter: DeadLetter | undefined): DeadLetter {
  if (letter === undefined) throw new Problem(404, `there is no dead letter ${JSON.stringify(id)}`);
  return letter;
}
