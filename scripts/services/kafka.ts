/** A real Kafka cluster on loopback, for as long as the process that asked for it lives, or until it lets go. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { archiveClasses, useArchive } from './kafka-classes.ts';
import { kafkaHome, type KafkaHome } from './kafka-home.ts';
import { KafkaNode } from './kafka-node.ts';
import { freeAddresses } from './kafka-addresses.ts';
import { clusterProperties, type Properties, type SecuredListener } from './kafka-properties.ts';
import { onFreshPorts } from './ports.ts';

export { CALM } from './kafka-properties.ts';

export interface KafkaSettings {
  readonly nodes?: 1 | 3;
  /** Broker settings over those of the test cluster. */
  readonly properties?: Properties;
  /** Further listeners of each node; `brokers` are the addresses of the plain one. */
  readonly secured?: readonly SecuredListener[];
  /** Where the cluster's folder is made; default the OS temp folder. */
  readonly directory?: string;
  /** Hears what takes long. */
  readonly tell?: (line: string) => void;
}

export interface KafkaCluster {
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Data and logs; removed by `stop`. */
  readonly directory: string;
  /** Ends all nodes at once and removes their data. */
  stop(): Promise<void>;
  /** From now on it lives on when we end: it is the caller's to remember and end. */
  release(): void;
}

/**
 * Resolves once every node answers and knows all the others. Rejects, leaving nothing behind, when Java or Maven are
 * missing or a node does not start. Ends by itself when this process does.
 */
export async function startKafka(settings: KafkaSettings = {}): Promise<KafkaCluster> {
  const tell = settings.tell ?? (() => undefined);
  const home = await kafkaHome(tell);
  await onFreshPorts(() => archiveClasses(home, tell));
  return onFreshPorts(() => startOnce(home, settings));
}

async function startOnce(home: KafkaHome, settings: KafkaSettings): Promise<KafkaCluster> {
  const parent = settings.directory ?? os.tmpdir();
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(path.join(parent, 'kafka-'));
  const nodes: KafkaNode[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const addresses = await freeAddresses(settings.nodes ?? 1, settings.secured);
    const clusterId = randomBytes(16).toString('base64url');
    const properties = { ...clusterProperties(addresses), ...settings.properties };
    const jvmFlags = [`-Xmx${addresses.length === 1 ? 512 : 320}m`, useArchive(home)];
    for (const address of addresses) {
      const place = path.join(directory, `node-${address.id}`);
      nodes.push(await KafkaNode.prepare(home, address, place, { clusterId, jvmFlags, properties }));
    }
    await Promise.all(nodes.map((node) => node.start(nodes.length)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: nodes.map((node) => node.address),
    nodes,
    directory,
    stop,
    release: () => nodes.forEach((node) => node.release()),
  };
}
