import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep, type Clock } from './time.ts';

export interface HttpServer {
  readonly port: number;
  /** Accepts nothing new, lets requests under way end for at most `timeoutMs`, then cuts them off. */
  close(clock: Clock, timeoutMs: number): Promise<void>;
}

/** Rejects with the system's error (EADDRINUSE, EACCES) when the address cannot be had. Port 0 = any free one. */
export async function listen(app: RequestListener, port: number, host: string): Promise<HttpServer> {
  const server: Server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(clock, timeoutMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([closed, sleep(clock, timeoutMs)]);
      server.closeAllConnections();
      await closed;
    },
  };
}
