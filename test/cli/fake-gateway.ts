import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

type Answer = { readonly status: number; readonly body?: unknown } | undefined;

/** An HTTP server that remembers its calls and answers what the test says; undefined = 404 TMF Error. */
export class FakeGateway {
  readonly calls: Call[] = [];
  url = '';
  readonly #server: Server;
  /** When set it is called instead of answering: the caller waits. */
  hold: (() => void) | undefined;
  answer: (call: Call) => Answer = () => undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const call: Call = {
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        };
        this.calls.push(call);
        if (this.hold !== undefined) {
          this.hold();
          return;
        }
        const { status, body } = this.answer(call) ?? {
          status: 404,
          body: { code: '404', reason: 'Not found', message: `there is no ${call.path}`, status: '404' },
        };
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<FakeGateway> {
    const gateway = new FakeGateway();
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve));
    gateway.url = `http://127.0.0.1:${(gateway.#server.address() as AddressInfo).port}`;
    return gateway;
  }

  /** The bodies of the calls so far, parsed. */
  get bodies(): unknown[] {
    return this.calls.map(({ text }) => (text === '' ? undefined : (JSON.parse(text) as unknown)));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
