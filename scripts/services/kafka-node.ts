import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Launch } from './guarded-process.ts';
import { javaProgram } from './java.ts';
import type { KafkaHome } from './kafka-home.ts';
import { whatIsWrong } from './kafka-probe.ts';
import { nodeProperties, propertiesFile, type NodeAddress, type Properties } from './kafka-properties.ts';
import { ServerProcess } from './server-process.ts';

export interface NodeSettings {
  readonly clusterId: string;
  readonly properties: Properties;
  /** Beside those that every node has. */
  readonly jvmFlags: readonly string[];
}

/** One broker and controller in a JVM of its own. */
export class KafkaNode {
  readonly id: number;
  readonly port: number;
  readonly address: string;
  /** The broker's own log. */
  readonly log: string;
  /** Ports of the secured listeners by name. */
  readonly securedPorts: Readonly<Record<string, number>>;
  readonly #process: ServerProcess;

  private constructor(home: KafkaHome, address: NodeAddress, directory: string, jvmFlags: readonly string[]) {
    this.id = address.id;
    this.port = address.port;
    this.address = `127.0.0.1:${address.port}`;
    this.securedPorts = Object.fromEntries((address.secured ?? []).map(({ name, port }) => [name, port]));
    this.log = path.join(directory, 'broker.log');
    this.#process = new ServerProcess({
      name: `Kafka node ${address.id}`,
      launch: launchOf(home, directory, this.log, jvmFlags),
      logs: [this.log],
      portTaken: /BindException|Address already in use/,
    });
  }

  /** Lays out the node's folder, formatted; nothing runs yet. `directory` is made, in the cluster's folder. */
  static async prepare(
    home: KafkaHome,
    address: NodeAddress,
    directory: string,
    settings: NodeSettings,
  ): Promise<KafkaNode> {
    const data = path.join(directory, 'data');
    await mkdir(data, { recursive: true });
    // The native parts of the codecs are unpacked here, and a killed JVM leaves them behind.
    await mkdir(path.join(directory, 'tmp'));
    const properties = { ...nodeProperties(address, '127.0.0.1', data), ...settings.properties };
    await writeFile(path.join(directory, 'server.properties'), propertiesFile(properties));
    await writeFile(path.join(directory, 'log4j2.properties'), LOGGING);
    await copyFile(home.checkpoint, path.join(data, 'bootstrap.checkpoint'));
    await writeFile(
      path.join(data, 'meta.properties'),
      propertiesFile({ version: 1, 'cluster.id': settings.clusterId, 'node.id': address.id }),
    );
    return new KafkaNode(home, address, directory, settings.jvmFlags);
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Starts it, or starts it again on the same port and data. Resolves once it answers and knows of as many brokers
   * as `atLeast` says. Rejects with the end of its log when it ended instead, with PortTaken when that was why.
   */
  async start(atLeast = 1): Promise<void> {
    await this.#process.start(() => whatIsWrong(this.address, atLeast));
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** A clean stop: it hands over what it leads first, which wants a majority of the controllers. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** Takes the processor away from it; its connections stay open. */
  freeze(): void {
    this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  /** From now on it lives on when we end. */
  release(): void {
    this.#process.release();
  }
}

function launchOf(home: KafkaHome, directory: string, log: string, jvmFlags: readonly string[]): Launch {
  return {
    program: javaProgram('java'),
    args: [
      ...jvmFlags,
      '-Xms128m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-XX:-UsePerfData',
      `-Djava.io.tmpdir=${path.join(directory, 'tmp')}`,
      `-Dlog4j2.configurationFile=${path.join(directory, 'log4j2.properties')}`,
      `-Dbroker.log=${log}`,
      '-cp',
      home.classPath,
      'kafka.Kafka',
      path.join(directory, 'server.properties'),
    ],
    directory: home.libs,
    // What the JVM itself says.
    output: path.join(directory, 'output.log'),
    scratch: path.dirname(directory),
  };
}

const LOGGING = `status=error
appender.file.type=File
appender.file.name=file
appender.file.fileName=\${sys:broker.log}
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
`;
