import { pino } from 'pino';
import { isFault } from './faults.ts';

/** The little of a logger that the product uses: structured fields first, then the event's name. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  isLevelEnabled(level: string): boolean;
}

const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token', 'clientSecret', 'apiKey'];

/**
 * A broker that is away for an hour must not fill the log with stacks: none for errors that have a name of their own, or
 * the system's code. What nobody foresaw keeps its stack.
 */
function short(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isForeseen = !isFault(error) && (error.name !== 'Error' || 'code' in error);
  return isForeseen ? { type: error.name, message: messageOf(error) } : pino.stdSerializers.err(error);
}

function messageOf({ message, cause }: Error): string {
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message}: ${messageOf(cause)}`
    : message;
}

/** JSON lines on stdout; members named like a secret are redacted two levels deep. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: short },
    redact: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  });
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  isLevelEnabled: () => false,
};
