import { CommandFailed, EXIT, UsageError } from './exit.ts';

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, the text otherwise, undefined when empty. */
  readonly body: unknown;
}

/**
 * HTTP to a running gateway. Anything but a 2xx is thrown as CommandFailed with a sentence: exit code 1 when the
 * gateway answered an error, 3 when nobody answered.
 */
export class GatewayClient {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #patienceMs: number;

  /**
   * `base` is an http or https address, with a path prefix if the gateway has one; throws UsageError if it is none.
   * Who has not answered after `patienceMs` counts as not there.
   */
  constructor(base: string, token?: string, patienceMs = 30_000) {
    if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol)) {
      throw new UsageError(`'${base}' is no http address, e.g. http://localhost:8080`);
    }
    this.#base = base.replace(/\/+$/, '');
    this.#token = token;
    this.#patienceMs = patienceMs;
  }

  get(path: string): Promise<GatewayAnswer> {
    return this.#send('GET', path);
  }

  post(path: string, body?: unknown): Promise<GatewayAnswer> {
    return this.#send('POST', path, body === undefined ? undefined : JSON.stringify(body));
  }

  /** Posts the text as it is: what a user wrote is not reformatted on its way. */
  postText(path: string, json: string): Promise<GatewayAnswer> {
    return this.#send('POST', path, json);
  }

  delete(path: string): Promise<GatewayAnswer> {
    return this.#send('DELETE', path);
  }

  async #send(method: string, path: string, body?: string): Promise<GatewayAnswer> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (this.#token !== undefined) headers['authorization'] = `Bearer ${this.#token}`;
    let answer: { status: number; headers: Headers; text: string };
    try {
      const response = await fetch(`${this.#base}${path}`, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(this.#patienceMs),
        ...(body !== undefined && { body }),
      });
      answer = { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      throw new CommandFailed(
        `No gateway answers at ${this.#base} (${causeOf(error)}). Is it running? Start one by: tmf-hub-gateway serve`,
        EXIT.unreachable,
      );
    }
    const parsed = parse(answer.text);
    if (answer.status >= 200 && answer.status < 300) return { ...answer, body: parsed };
    throw new CommandFailed(
      `${method} ${path} was answered ${answer.status}${explain(parsed)}`,
      EXIT.failed,
      { status: answer.status, body: parsed },
    );
  }
}

/** `/a/b?x=1&y=2`; members that are undefined are left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function explain(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '.';
  const { reason, message } = body as { reason?: unknown; message?: unknown };
  const parts = [reason, message].filter((part) => typeof part === 'string' && part !== '');
  return parts.length === 0 ? '.' : `: ${[...new Set(parts)].join(' - ')}`;
}

/** The innermost reason: fetch wraps what happened, once or twice. */
function causeOf(error: unknown): string {
  const { cause, errors, code, message } = error as Partial<AggregateError & NodeJS.ErrnoException>;
  const inner = cause ?? (errors?.[0] as unknown);
  if (inner !== undefined) return causeOf(inner);
  // A time-out is a DOMException, whose code is a number that says nothing to anybody.
  return (typeof code === 'string' ? code : message) ?? String(error);
}
