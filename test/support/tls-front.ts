import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from './test-ca.ts';

/** What is behind the front's port: another port of loopback, and the certificate that is shown before it. */
export interface Behind {
  readonly port: number;
  /** Without it bytes pass as they are, so that the other side speaks TLS itself, or nobody does. */
  readonly certificate?: Pick<Certificate, 'cert' | 'key'>;
}

/** One address whose server becomes another one: with another certificate, without TLS, or none at all. */
export class TlsFront {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #behind: Behind;
  #taken = 0;

  private constructor(behind: Behind) {
    this.#behind = behind;
    this.#server = createServer((socket) => this.#take(socket));
  }

  static async before(behind: Behind): Promise<TlsFront> {
    const front = new TlsFront(behind);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections since it became what it is. */
  get taken(): number {
    return this.#taken;
  }

  /** From now on; connections that there are end. */
  become(behind: Behind): void {
    this.#behind = behind;
    this.drop();
    this.#taken = 0;
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async close(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(socket: Socket): void {
    const { port, certificate } = this.#behind;
    this.#taken++;
    const client = certificate ? new TLSSocket(socket, { isServer: true, ...pemOf(certificate) }) : socket;
    const server = connect({ host: '127.0.0.1', port });
    client.pipe(server);
    server.pipe(client);
    for (const one of new Set([socket, client, server])) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        for (const other of [socket, server]) other.destroy();
      });
    }
  }
}

function pemOf({ cert, key }: Pick<Certificate, 'cert' | 'key'>): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
