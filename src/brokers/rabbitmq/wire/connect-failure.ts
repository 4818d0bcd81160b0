import { tlsFailure } from '../../../tls-failure.ts';

/** Why there is no connection. */
export interface Failure {
  /** Names the server; shows nothing of the credentials. */
  readonly sentence: string;
  /** Waiting does not mend it. */
  readonly isRefusal: boolean;
}

/** Of an attempt to connect; `url` has the server's scheme and place. */
export function connectFailure(url: string, error: Error): Failure {
  const server = `RabbitMQ at ${placeOf(url)}`;
  const refusal = tlsFailure(error, 'rabbitmq') ?? refusalOf(error.message);
  if (refusal !== undefined) return { sentence: `${server} ${refusal}`, isRefusal: true };
  return { sentence: `${server} cannot be reached: ${reasonOf(url, error)}`, isRefusal: false };
}

/** Of a connection that there was. */
export function lostConnection(url: string, { message }: Error): Failure {
  return { sentence: `RabbitMQ at ${placeOf(url)}: the connection was lost: ${message}`, isRefusal: false };
}

/** The server's own words may name the user. */
function refusalOf(message: string): string | undefined {
  if (message.includes('(ACCESS-REFUSED)'))
    return 'refuses the user name or the password (rabbitmq.username, rabbitmq.password)';
  if (message.includes('got <ConnectionClose'))
    return 'refuses the virtual host (rabbitmq.url): there is none of that name, or it is not open to this user';
  if (message.startsWith('SASL mechanism')) return 'does not let in by user name and password (SASL PLAIN)';
  const ended = /^Handshake terminated by server: (\d+ \([\w-]+\))/.exec(message);
  return ended ? `refuses the connection: ${ended[1]}` : undefined;
}

function reasonOf(url: string, error: Error): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET' || code === 'EPIPE' || message.startsWith('Socket closed abruptly')) {
    const question = url.startsWith('amqps:') ? '' : '; is that port one for TLS (amqps)?';
    return `it ends the connection before it has said anything${question}`;
  }
  if (message === 'connect ETIMEDOUT') return 'no answer';
  return message === '' ? (code ?? name) : message;
}

/** Without credentials and virtual host. */
function placeOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
