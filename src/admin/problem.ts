/** How the admin port says no: a TMF Error, from a value or from something thrown on the way. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from '../logger.ts';
import { tmfError } from '../tmf/errors.ts';
import { OperationRefused } from './operations.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported media type',
  500: 'Internal error',
  501: 'Not supported',
  503: 'Not available now',
};

const RETRY_AFTER_SECONDS = 5;

/** Thrown by handlers for a request that cannot be served; `message` is a sentence for the one who sent it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function sendProblem(res: Response, status: number, message: string): void {
  const reason = REASONS[status] ?? 'Error';
  if (status === 503) res.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  // What is in the way here is never a registration, as it is at the hubs.
  const code = status === 409 ? 'conflict' : undefined;
  res.status(status).json(tmfError({ status, reason, message, ...(code && { code }), major: 5 }));
}

export function methodNotAllowed(...allowed: string[]): RequestHandler {
  const allow = allowed.join(', ');
  return (req, res) => {
    res.setHeader('Allow', allow);
    sendProblem(res, 405, `${req.method} is not possible here, only ${allow}`);
  };
}

/** Last in the chain. What nobody expected is logged whole and answered without its details. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    const known = knownProblem(error);
    if (known !== undefined) return sendProblem(res, known.status, known.message);
    logger.error({ err: error, method: req.method, path: req.path }, 'admin.request.failed');
    return sendProblem(res, 500, 'the gateway could not do this; its log says why');
  };
}

function knownProblem(error: unknown): { status: number; message: string } | undefined {
  if (error instanceof Problem || error instanceof OperationRefused) return error;
  // Errors of the body parser and the router (`http-errors`) carry a status below 500 and a harmless message.
  if (error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500) {
    return { status: error.status, message: error.message };
  }
  return undefined;
}
