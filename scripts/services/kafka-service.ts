import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { startContainer } from './docker.ts';
import { freeAddresses } from './kafka-addresses.ts';
import { KAFKA_VERSION } from './kafka-home.ts';
import { whatIsWrong } from './kafka-probe.ts';
import { CALM, clusterProperties, nodeProperties, type Properties } from './kafka-properties.ts';
import { startKafka } from './kafka.ts';
import { onFreshPorts } from './ports.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import type { Service, StartSettings } from './service.ts';
import type { Started } from './state.ts';

export const kafkaService: Service = {
  name: 'kafka',
  clusters: true,
  variable: 'TMF_HUB_KAFKA_BROKERS',
  whatIsWrong: answerOfAny,
  startDocker: (settings) => onFreshPorts(() => startDocker(settings)),
  startNative,
};

/** A client needs one of the brokers that it was told. */
async function answerOfAny(brokers: string): Promise<string | undefined> {
  let wrong: string | undefined = 'no broker is named';
  for (const broker of brokers.split(',')) {
    wrong = await whatIsWrong(broker.trim());
    if (wrong === undefined) return undefined;
  }
  return wrong;
}

async function startNative({ nodes, directory, tell }: StartSettings): Promise<Started> {
  const cluster = await startKafka({ nodes, directory, tell, properties: CALM });
  const processes = cluster.nodes
    .map(({ pid }) => identify(pid))
    .filter((identity): identity is ProcessIdentity => identity !== undefined);
  return {
    address: cluster.brokers.join(','),
    running: { how: 'native', processes, containers: [], folder: path.basename(cluster.directory) },
    release: () => cluster.release(),
    stop: () => cluster.stop(),
  };
}

/** One node only: three would need a network of their own, and processes are easier to freeze and kill. */
async function startDocker({ nodes, tell }: StartSettings): Promise<Started | undefined> {
  if (nodes !== 1) return undefined;
  const address = (await freeAddresses(1))[0]!;
  const properties = {
    ...clusterProperties([address]),
    ...CALM,
    ...nodeProperties(address, '', '/tmp/kafka-data'),
  };
  const image = `apache/kafka:${KAFKA_VERSION}`;
  tell(`kafka: starting ${image} with Docker`);
  return startContainer(
    {
      image,
      port: address.port,
      inside: address.port,
      environment: { CLUSTER_ID: randomBytes(16).toString('base64url'), ...asEnvironment(properties) },
    },
    `127.0.0.1:${address.port}`,
    whatIsWrong,
  );
}

/** As the image wants its settings: `log.dirs` is `KAFKA_LOG_DIRS`. */
export function asEnvironment(properties: Properties): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      `KAFKA_${name.replaceAll('.', '_').toUpperCase()}`,
      String(value),
    ]),
  );
}
