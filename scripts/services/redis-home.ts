import path from 'node:path';
import { libraryPath, unpackedPackages } from './debian-packages.ts';
import { findProgram } from './programs.ts';

export interface RedisHome {
  readonly server: string;
  /** All that it needs of an environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The one on this machine, or else Debian's, fetched first when it is not there; `tell` hears so. */
export async function redisHome(tell: (line: string) => void): Promise<RedisHome> {
  const installed = await findProgram('redis-server');
  if (installed !== undefined) return { server: installed, environment: {} };
  const directory = await unpackedPackages(
    {
      name: 'redis-1',
      packages: ['redis-server', 'redis-tools'],
      otherwise:
        'Install Redis (Debian: apt-get install redis-server), start Docker, ' +
        'or name a running one with TMF_HUB_REDIS_URL=redis://host:port.',
    },
    tell,
  );
  return {
    server: path.join(directory, 'usr/bin/redis-server'),
    environment: { LD_LIBRARY_PATH: await libraryPath(directory) },
  };
}
