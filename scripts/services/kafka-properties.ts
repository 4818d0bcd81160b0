/** The settings of a test cluster: small, quick to start and to come back, and creating nothing by itself. */

export interface NodeAddress {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly secured?: readonly (SecuredListener & { readonly port: number })[];
}

export type Properties = Readonly<Record<string, string | number>>;

/** A way in beside the plain one. */
export interface SecuredListener {
  /** Capital letters. */
  readonly name: string;
  readonly protocol: 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT';
  /** The port that clients are sent to; its own unless they come by a forwarder. Several may name the same. */
  readonly advertised?: number;
  /** For this listener only, named without the prefix that says so. */
  readonly properties: Properties;
}

const COMMON: Properties = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'num.partitions': 1,
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': 0,
  'message.max.bytes': 8 * 1024 * 1024,
  'replica.fetch.max.bytes': 8 * 1024 * 1024,
  'log.retention.hours': 24,
  // Of the heap, at start; the default is a third of ours.
  'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
};

const ALONE: Properties = {
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.num.partitions': 8,
  'share.coordinator.state.topic.num.partitions': 8,
  // A node that was killed may register again only after its old session: 9 s by default.
  'broker.session.timeout.ms': 2000,
  'broker.heartbeat.interval.ms': 500,
};

/** For a node that nobody kills: rather slow to come back than taken for dead on a busy machine. */
export const CALM: Properties = { 'broker.session.timeout.ms': 9000 };

const REPLICATED: Properties = {
  'min.insync.replicas': 2,
  'broker.session.timeout.ms': 6000,
};

/** Internal topics have a replica on each node; one of three may be down. */
export function clusterProperties(nodes: readonly NodeAddress[]): Properties {
  const replicas = nodes.length;
  const inSync = Math.max(1, replicas - 1);
  return {
    ...COMMON,
    ...(replicas === 1 ? ALONE : REPLICATED),
    'controller.quorum.voters': nodes.map((node) => `${node.id}@127.0.0.1:${node.controllerPort}`).join(','),
    'default.replication.factor': replicas,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
  };
}

/** What differs from node to node. `listen` is the address to bind to, '' for all of them. */
export function nodeProperties(node: NodeAddress, listen: string, data: string): Properties {
  const { id, port, controllerPort, secured = [] } = node;
  const plain = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertised: port };
  const controller = { name: 'CONTROLLER', protocol: 'PLAINTEXT', port: controllerPort };
  const all = [plain, ...secured, controller];
  const own: Record<string, string | number> = {};
  for (const { name, properties } of secured) {
    for (const [key, value] of Object.entries(properties)) {
      own[`listener.name.${name.toLowerCase()}.${key}`] = value;
    }
  }
  return {
    'node.id': id,
    listeners: all.map((one) => `${one.name}://${listen}:${one.port}`).join(','),
    'advertised.listeners': [plain, ...secured]
      .map((one) => `${one.name}://127.0.0.1:${one.advertised ?? one.port}`)
      .join(','),
    'listener.security.protocol.map': all.map(({ name, protocol }) => `${name}:${protocol}`).join(','),
    'log.dirs': data,
    ...own,
  };
}

/** As a Java properties file; its values have no backslash and no line break. */
export function propertiesFile(properties: Properties): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
