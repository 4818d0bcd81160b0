import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, type EventFacts } from './event-facts.ts';

/** One request that a listener got, and what came before it. */
export interface Received extends EventFacts {
  /** Time of arrival, milliseconds since the epoch. */
  readonly at: number;
  /** Path and query as requested. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came. */
  readonly text: string;
  /** `webhook-id`: the same over attempts, restarts and replays. */
  readonly webhookId: string | undefined;
  /** Earlier requests with this `webhook-id`. */
  readonly earlier: { readonly refused: number; readonly accepted: number };
}

export interface Answer {
  readonly status: number;
  /** What the listener says beside it, kept with a dead letter. */
  readonly text?: string;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** May take its time. */
  readonly answer: (received: Received) => Answer | Promise<Answer>;
  /** After the answer was written. */
  readonly answered: (received: Received, status: number) => void;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly origin: string;
  /** Ends connections at once; resolves when the port is free. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** An HTTP listener for TMF events. Rejects when the port cannot be taken. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const seen = new Map<string, { refused: number; accepted: number }>();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    // A sender that went away in the middle of its request is its own affair.
    void handle(request, response, options, seen).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    host: options.host,
    port,
    origin: `http://${name}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { answer, answered }: ListenerOptions,
  seen: Map<string, { refused: number; accepted: number }>,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    return;
  }
  const text = await bodyOf(request);
  if (text === undefined) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  const webhookId = headers['webhook-id'];
  const tally = (webhookId === undefined ? undefined : seen.get(webhookId)) ?? { refused: 0, accepted: 0 };
  if (webhookId !== undefined) seen.set(webhookId, tally);
  const received: Received = {
    ...describe(text),
    at: Date.now(),
    path: request.url ?? '/',
    headers,
    text,
    webhookId,
    earlier: { ...tally },
  };
  const { status, text: said } = await answer(received);
  if (status >= 200 && status < 300) tally.accepted += 1;
  else tally.refused += 1;
  response.writeHead(status).end(said);
  answered(received, status);
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
