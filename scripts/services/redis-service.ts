import path from 'node:path';
import { startContainer } from './docker.ts';
import { freePorts, onFreshPorts } from './ports.ts';
import { identify } from './process-identity.ts';
import { whatIsWrong } from './redis-probe.ts';
import { CONFIGURATION, startRedis } from './redis.ts';
import type { Service, StartSettings } from './service.ts';
import type { Started } from './state.ts';

const IMAGE = 'redis:7';

export const redisService: Service = {
  name: 'redis',
  variable: 'TMF_HUB_REDIS_URL',
  clusters: false,
  whatIsWrong,
  startDocker: (settings) => onFreshPorts(() => startDocker(settings)),
  startNative,
};

async function startNative({ directory, tell }: StartSettings): Promise<Started> {
  const redis = await startRedis({ directory, tell });
  const process = identify(redis.pid);
  return {
    address: redis.url,
    running: {
      how: 'native',
      processes: process === undefined ? [] : [process],
      containers: [],
      folder: path.basename(redis.directory),
    },
    release: () => redis.release(),
    stop: () => redis.end(),
  };
}

async function startDocker({ tell }: StartSettings): Promise<Started> {
  const port = (await freePorts(1))[0]!;
  tell(`redis: starting ${IMAGE} with Docker`);
  const settings = Object.entries(CONFIGURATION).flatMap(([name, value]) => [`--${name}`, value]);
  return startContainer(
    { image: IMAGE, port, inside: 6379, command: ['redis-server', ...settings] },
    `redis://127.0.0.1:${port}`,
    whatIsWrong,
  );
}
