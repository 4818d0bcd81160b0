import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep, type Clock } from './time.ts';

export interface HttpServer {
  readonly port: number;
  /** Hands requests to `app` from now on. */
  serve(app: RequestListener): void;
  /** Accepts nothing new, lets requests under way end for at most `timeoutMs`, then cuts them off. */
  close(clock: Clock, timeoutMs: number): Promise<void>;
}

/**
 * Takes a port (0 = any free one) and answers 503 until `serve` is called: the port is known before anything is sent to
 * callbacks, which must not reach it. Rejects with the system's error (EADDRINUSE, EACCES) when it cannot be had.
 */
export async function listen(port: number, host: string): Promise<HttpServer> {
  let handle: RequestListener = (_request, response) => {
    response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/json' });
    response.end(
      '{"code":"unavailable","reason":"Starting","message":"The gateway is starting.","status":"503"}',
    );
  };
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve: (app) => void (handle = app),
    async close(clock, timeoutMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([closed, sleep(clock, timeoutMs)]);
      server.closeAllConnections();
      await closed;
    },
  };
}
