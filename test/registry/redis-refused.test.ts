/** A Redis that refuses, in words or by hanging up. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { silentLogger } from '../../src/logger.ts';
import { createRedisRegistry } from '../../src/registry/redis/redis-registry.ts';
import type { RegistryStore } from '../../src/registry/store.ts';
import { systemClock as clock } from '../../src/time.ts';
import { until } from '../support/listener.ts';

const PASSWORD = 'hunter2';

let server: Server;
let accepted: number;
let refuse: (socket: Socket) => void;
let registry: RegistryStore;
let said: string[];
let opened: Promise<unknown>;

beforeEach(async () => {
  accepted = 0;
  server = createServer((socket) => {
    accepted++;
    socket.on('error', () => undefined);
    socket.on('data', () => refuse(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  said = [];
  const note = (fields: { reason?: string }, message: string) =>
    void said.push(`${message}: ${fields.reason}`);
  registry = createRedisRegistry({
    url: `redis://:${PASSWORD}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ prefix: 'refused', copies: () => [], clock, newId: () => 'id' },
    logger: { ...silentLogger, warn: note, error: note },
  });
});
afterEach(async () => {
  await registry.close();
  await opened;
  server.close();
});

/** Resolves after some attempts. */
async function tried(attempts: number): Promise<void> {
  opened = registry.open().catch(() => undefined);
  await until(() => accepted >= attempts && said.length > 0, 'tried several times');
}

test('each reason to wait for an operator is said once, whatever comes between', async () => {
  refuse = (socket) => {
    if (accepted % 4 < 2) socket.destroy();
    else socket.write('-WRONGPASS invalid username-password pair\r\n');
  };
  await tried(12);
  expect(said.map((line) => line.split(':')[0]).toSorted()).toEqual(['registry.refused', 'registry.waiting']);
});

test('a server that does not know the command, and repeats what it was given, shows no password', async () => {
  refuse = (socket) =>
    socket.write(
      `-ERR unknown command \`HELLO\`, with args beginning with: \`3\`, \`AUTH\`, \`default\`, \`${PASSWORD}\`, \r\n`,
    );
  await tried(2);
  const { reason } = registry.health() as { reason: string };
  expect(reason).toContain('refuses the connection: ERR unknown command `HELLO`');
  expect([reason, ...said].join('\n')).not.toContain(PASSWORD);
});
