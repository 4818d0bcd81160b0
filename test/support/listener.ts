import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Receipt {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly event: {
    eventId: string;
    eventType: string;
    eventTime: string;
    event: Record<string, { id: string }>;
  };
}

/** A real HTTP listener on a free loopback port that keeps what it received. */
export class TestListener {
  readonly receipts: Receipt[] = [];
  readonly #server: Server;
  #answer: (receipt: Receipt) => number | Promise<number> = () => 204;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const event = JSON.parse(body) as Receipt['event'];
        const receipt = { path: request.url ?? '', headers: request.headers, body, event };
        this.receipts.push(receipt);
        void Promise.resolve(this.#answer(receipt)).then((status) => response.writeHead(status).end());
      });
    });
    this.#server.keepAliveTimeout = 30_000;
  }

  /** `port` 0 = any free one. */
  static async start(port = 0): Promise<TestListener> {
    const listener = new TestListener();
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen(port, '127.0.0.1', resolve);
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it answers from now on. */
  answers(answer: (receipt: Receipt) => number | Promise<number>): void {
    this.#answer = answer;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Waits until `condition` answers something true, and returns it; throws after `limitMs`. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  limitMs = 30_000,
): Promise<NonNullable<T>> {
  for (const end = Date.now() + limitMs; ;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`after ${limitMs} ms still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
