/**
 * Checks hub requests and answers against the API description. The validator looks through the paths of its document
 * one by one for every request and compiles each on the way, so it is given a document with the two shapes of the hub
 * instead of the 200 base paths; both documents are made of the same components.
 */
import { error as openApiErrors, middleware } from 'express-openapi-validator';
import type { RequestHandler } from 'express';
import type { Logger } from '../logger.ts';
import { shapesDocument } from './openapi/document.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** Works on `req.url`. A wrong request ends in an error for `validationRefusal`; a wrong answer is sent and logged. */
export function hubValidation(logger: Logger): RequestHandler[] {
  const loggedBy: RequestHandler = (_req, res, next) => {
    res.locals['logger'] = logger;
    next();
  };
  return [loggedBy, oneContentType, ...(validator ??= createValidator())];
}

/** Made once in a process: the document is the same everywhere, and to compile it takes a fifth of a second. */
let validator: RequestHandler[] | undefined;

function createValidator(): RequestHandler[] {
  return middleware({
    apiSpec: shapesDocument() as Parameters<typeof middleware>[0]['apiSpec'],
    // The document is ours and does not change at run time: its own validity is a test's business.
    validateApiSpec: false,
    validateRequests: { allowUnknownQueryParameters: true },
    validateResponses: {
      onError: (error, _body, req) => {
        const { logger } = req.res?.locals as { logger: Logger };
        logger.error({ err: error, method: req.method, path: req.originalUrl }, 'hub.answer.invalid');
      },
    },
    validateSecurity: false,
    fileUploader: false,
    useRequestUrl: true,
  });
}

/**
 * The validator compiles its checks anew for every Content-Type that it sees, and keeps them for ever: it is shown none
 * where there is no body, and no parameters.
 */
const oneContentType: RequestHandler = (req, _res, next) => {
  const type = req.headers['content-type'];
  if (req.method !== 'POST') delete req.headers['content-type'];
  else if (type !== undefined) req.headers['content-type'] = type.replace(/;.*/s, '').trim().toLowerCase();
  next();
};

/** The refusal for a request that does not fit the description; undefined for any other error. */
export function validationRefusal(error: unknown): Refusal | undefined {
  if (error instanceof openApiErrors.UnsupportedMediaType) {
    return refuse(415, 'Unsupported media type', 'send Content-Type: application/json');
  }
  if (!(error instanceof openApiErrors.BadRequest)) return undefined;
  const problems = error.errors.map(({ path, message }) => `${nameAt(path)} ${withoutNull(message)}`);
  return refuse(400, 'Invalid request', problems.join('; ') || error.message);
}

/** Of a list of allowed values that ends with null, which counts as absent, the validator writes `key, none, `. */
function withoutNull(message: string): string {
  return message.replace(/, $/, '');
}

/** `/body/callback` -> `callback`; the body itself -> `the body`. */
function nameAt(path: string): string {
  return path.replace(/^\/(?:body|query|params)\/?/, '').replaceAll('/', '.') || 'the body';
}
