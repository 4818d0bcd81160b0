import { ConnectionTimeoutError, ErrorReply, SocketClosedUnexpectedlyError } from 'redis';
import { tlsFailure } from '../../tls-failure.ts';

/** Why Redis cannot be asked, or would not do what it was asked for. */
export interface Failure {
  /** Names the server; shows nothing of the credentials. */
  readonly sentence: string;
  /** Waiting does not mend it. */
  readonly needsOperator: boolean;
}

/** While it loads its data, works at a long script, or a cluster changes: it will do later. */
const BUSY = /^(?:LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS)\b/;

/** Of a connection that there was. `address` is without credentials. */
export function lostConnection(address: string, error: unknown): Failure {
  return { sentence: `Redis at ${address} cannot be reached: ${reasonOf(error)}`, needsOperator: false };
}

/** Of an attempt to connect. */
export function connectFailure(address: string, error: unknown): Failure {
  const refusal =
    tlsFailure(error, 'redis') ?? (error instanceof ErrorReply ? refusalOf(wordsOf(error)) : undefined);
  if (refusal !== undefined) return { sentence: `Redis at ${address} ${refusal}`, needsOperator: true };
  const otherPort = otherPortSeen(address, error);
  return lostConnection(address, otherPort ?? error);
}

/** A plain Redis waits for the rest of what TLS begins with; one for TLS hangs up on what is none. */
function otherPortSeen(address: string, error: unknown): string | undefined {
  if (address.startsWith('rediss:')) {
    if (!(error instanceof ConnectionTimeoutError)) return undefined;
    return 'no answer to TLS; is that port one without TLS (redis://)?';
  }
  const { code } = error as NodeJS.ErrnoException;
  const hungUp = code === 'ECONNRESET' || code === 'EPIPE' || error instanceof SocketClosedUnexpectedlyError;
  if (!hungUp) return undefined;
  return 'it ends the connection before it has said anything; is that port one for TLS (rediss://)?';
}

/** Of a call over a connection that stays. */
export function failedCall(address: string, error: unknown): Failure {
  const server = `Redis at ${address}`;
  if (!(error instanceof ErrorReply))
    return { sentence: `${server}: ${reasonOf(error)}`, needsOperator: false };
  const words = wordsOf(error);
  const refusal = accessRefusal(words);
  const sentence = refusal ? `${server} ${refusal}` : `${server}: ${words}`;
  return { sentence, needsOperator: !BUSY.test(words) };
}

/** Who does not know a command repeats what came with it: the password, or what a subscription has of secrets. */
function wordsOf({ message }: ErrorReply): string {
  return message.replace(/,? with args beginning with:.*/s, '');
}

/** The server's own words may name the user. */
function refusalOf(reply: string): string {
  return accessRefusal(reply) ?? `refuses the connection: ${reply}`;
}

function accessRefusal(reply: string): string | undefined {
  if (reply.startsWith('NOAUTH')) return 'wants a password and was given none (redis.password): NOAUTH';
  if (reply.startsWith('WRONGPASS'))
    return 'refuses the user name or the password (redis.username, redis.password): WRONGPASS';
  if (!/^NOPERM|ACL failure|can't run this command/.test(reply)) return undefined;
  const command = /'([\w|-]+)'/.exec(reply)?.[1];
  const what =
    command === undefined
      ? /\bkeys?\b/.test(reply)
        ? 'its keys'
        : 'a command of its scripts'
      : `"${command}"`;
  return `does not let this user have all that the registry needs (NOPERM): ${what}`;
}

/** Where a name has several addresses the error of each stands in `errors`. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
