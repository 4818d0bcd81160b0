/** Loopback ports for services, chosen so that they stay theirs. */
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below every system's range for outgoing connections. A port of that range could be taken by anybody's connection
// while its broker is down, and a client that keeps trying to reach it could even connect to itself.
const LOWEST = 20_000;
const HIGHEST = 31_999;

/** Ports that are free now, all different. Somebody may take one before it is used: see `onFreshPorts`. */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000) throw new Error(`no free port from ${LOWEST} to ${HIGHEST}`);
    const port = LOWEST + Math.floor(random() * (HIGHEST - LOWEST + 1));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** Somebody took a port between its choice and its use. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/** Ports are lost in a race seldom; this often in a row never. */
const TRIES = 5;

/** Does it again, which must choose other ports, when it rejects with PortTaken. */
export async function onFreshPorts<Result>(start: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === TRIES) throw error;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
