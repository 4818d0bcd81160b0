/** A real Redis on loopback, for as long as the process that asked for it lives, or until it lets go. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePorts, onFreshPorts } from './ports.ts';
import { redisHome, type RedisHome } from './redis-home.ts';
import { whatIsWrong } from './redis-probe.ts';
import type { Server, ServerTls, StartSettings } from './server.ts';
import { ServerProcess } from './server-process.ts';

export interface RedisSettings extends StartSettings {
  readonly tls?: ServerTls;
}

export interface Redis extends Server {
  /** Where it speaks TLS; undefined without `tls`. */
  readonly tlsPort: number | undefined;
}

/** What it has acknowledged survives its end, whatever ends it. It forks no process that could outlive it. */
export const CONFIGURATION: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'auto-aof-rewrite-percentage': '0',
};

/**
 * Resolves once it answers. Rejects, leaving nothing behind, when there is none or it does not start. Ends by itself
 * when this process does.
 */
export async function startRedis(settings: RedisSettings = {}): Promise<Redis> {
  const home = await redisHome(settings.tell ?? (() => undefined));
  return onFreshPorts(() => startOnce(home, settings));
}

async function startOnce(home: RedisHome, settings: RedisSettings): Promise<Redis> {
  const parent = settings.directory ?? os.tmpdir();
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(path.join(parent, 'redis-'));
  const [port, tlsPort = 0] = await freePorts(2);
  const url = `redis://127.0.0.1:${port}`;
  const server = processOf(home, directory, {
    ...CONFIGURATION,
    port: `${port}`,
    ...(settings.tls && tlsSettings(settings.tls, tlsPort)),
    ...settings.configuration,
  });
  const start = (): Promise<void> => server.start(() => whatIsWrong(url));
  const end = async (): Promise<void> => {
    await server.kill();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url,
    tlsPort: settings.tls && tlsPort,
    directory,
    get pid() {
      return server.pid;
    },
    start,
    end,
    kill: () => server.kill(),
    stop: () => server.stop(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    release: () => server.release(),
  };
}

function tlsSettings({ cert, key, clientCa }: ServerTls, port: number): Record<string, string> {
  return {
    'tls-port': `${port}`,
    'tls-cert-file': cert,
    'tls-key-file': key,
    'tls-auth-clients': clientCa === undefined ? 'no' : 'yes',
    ...(clientCa !== undefined && { 'tls-ca-cert-file': clientCa }),
  };
}

function processOf(
  home: RedisHome,
  directory: string,
  configuration: Readonly<Record<string, string>>,
): ServerProcess {
  const settings = { bind: '127.0.0.1', dir: directory, ...configuration };
  return new ServerProcess({
    name: 'Redis',
    launch: {
      program: home.server,
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      directory,
      output: path.join(directory, 'output.log'),
      scratch: directory,
      environment: { ...process.env, ...home.environment },
    },
    portTaken: /Address already in use/,
  });
}
