import path from 'node:path';
import { startContainer } from './docker.ts';
import { freePorts, onFreshPorts } from './ports.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { whatIsWrong } from './rabbitmq-probe.ts';
import { startRabbitmq } from './rabbitmq.ts';
import type { Service, StartSettings } from './service.ts';
import type { Started } from './state.ts';

const IMAGE = 'rabbitmq:4';

export const rabbitmqService: Service = {
  name: 'rabbitmq',
  variable: 'TMF_HUB_RABBITMQ_URL',
  clusters: false,
  whatIsWrong,
  startDocker: (settings) => onFreshPorts(() => startDocker(settings)),
  startNative,
};

async function startNative({ directory, tell }: StartSettings): Promise<Started> {
  const rabbitmq = await startRabbitmq({ directory, tell });
  return {
    address: rabbitmq.url,
    running: {
      how: 'native',
      processes: [rabbitmq.pid, rabbitmq.epmdPid]
        .map((pid) => identify(pid))
        .filter((identity): identity is ProcessIdentity => identity !== undefined),
      containers: [],
      folder: path.basename(rabbitmq.directory),
    },
    release: () => rabbitmq.release(),
    stop: () => rabbitmq.end(),
  };
}

async function startDocker({ tell }: StartSettings): Promise<Started> {
  const port = (await freePorts(1))[0]!;
  tell(`rabbitmq: starting ${IMAGE} with Docker`);
  return startContainer(
    { image: IMAGE, port, inside: 5672 },
    `amqp://guest:guest@127.0.0.1:${port}`,
    whatIsWrong,
  );
}
