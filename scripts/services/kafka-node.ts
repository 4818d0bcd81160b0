import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuardedProcess } from './guarded-process.ts';
import { javaProgram } from './java.ts';
import type { KafkaHome } from './kafka-home.ts';
import { whatIsWrong } from './kafka-probe.ts';
import { nodeProperties, propertiesFile, type NodeAddress, type Properties } from './kafka-properties.ts';
import { PortTaken } from './ports.ts';

/** A three-node cluster on a busy machine needs 15 s. */
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 20_000;

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
  readonly #home: KafkaHome;
  readonly #directory: string;
  readonly #jvmFlags: readonly string[];
  #process: GuardedProcess | undefined;

  private constructor(home: KafkaHome, address: NodeAddress, directory: string, jvmFlags: readonly string[]) {
    this.id = address.id;
    this.port = address.port;
    this.address = `127.0.0.1:${address.port}`;
    this.log = path.join(directory, 'broker.log');
    this.#home = home;
    this.#directory = directory;
    this.#jvmFlags = jvmFlags;
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
    return this.#process?.over === undefined ? (this.#process?.pid ?? 0) : 0;
  }

  /**
   * Starts it, or starts it again on the same port and data. Resolves once it answers and knows of as many brokers
   * as `atLeast` says. Rejects with the end of its log when it ended instead, with PortTaken when that was why.
   */
  async start(atLeast = 1): Promise<void> {
    if (this.pid !== 0) throw new Error(`node ${this.id} runs already`);
    this.#process = await this.#launch();
    await this.#ready(this.#process, atLeast);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  /** A clean stop: it hands over what it leads first, which wants a majority of the controllers. */
  async stop(): Promise<void> {
    this.thaw();
    const late = setTimeout(() => this.#process?.signal('SIGKILL'), STOPPED_WITHIN_MS);
    await this.#process?.end('SIGTERM');
    clearTimeout(late);
  }

  /** Takes the processor away from it; its connections stay open. */
  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  /** From now on it lives on when we end. */
  release(): void {
    this.#process?.release();
  }

  /** What the JVM itself says. */
  get #output(): string {
    return path.join(this.#directory, 'output.log');
  }

  async #launch(): Promise<GuardedProcess> {
    // Why this start fails must not be read from an earlier one's words.
    for (const file of [this.log, this.#output]) await rm(file, { force: true });
    return GuardedProcess.launch({
      program: javaProgram('java'),
      args: [
        ...this.#jvmFlags,
        '-Xms128m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-XX:-UsePerfData',
        `-Djava.io.tmpdir=${path.join(this.#directory, 'tmp')}`,
        `-Dlog4j2.configurationFile=${path.join(this.#directory, 'log4j2.properties')}`,
        `-Dbroker.log=${this.log}`,
        '-cp',
        this.#home.classPath,
        'kafka.Kafka',
        path.join(this.#directory, 'server.properties'),
      ],
      directory: this.#home.libs,
      output: this.#output,
      scratch: path.dirname(this.#directory),
    });
  }

  async #ready(process: GuardedProcess, atLeast: number): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    let wrong: string | undefined;
    while (process.over === undefined) {
      wrong = await whatIsWrong(this.address, atLeast);
      if (wrong === undefined) return;
      if (performance.now() > deadline) {
        await this.kill();
        throw new Error(`Kafka node ${this.id} was not ready within ${READY_WITHIN_MS / 1000} s: ${wrong}`);
      }
      await sleep(100);
    }
    throw await this.#whyItEnded(process.over);
  }

  async #whyItEnded(how: string): Promise<Error> {
    const written = await Promise.all(
      [this.log, this.#output].map((file) => readFile(file, 'utf8').catch(() => '')),
    );
    const end = written.map((text) => text.slice(-3000)).join('\n');
    const error = `Kafka node ${this.id} ended while it started (${how}):\n${end}`;
    return /BindException|Address already in use/.test(written.join(''))
      ? new PortTaken(error)
      : new Error(error);
  }
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
