import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alterUserScramCredentialsV0 } from '@platformatic/kafka';
import type { SecuredListener } from '../../scripts/services/kafka-properties.ts';
import { startKafka, type KafkaCluster } from '../../scripts/services/kafka.ts';
import { Wire, requests, type Node } from '../../src/brokers/kafka/wire/wire.ts';
import { systemClock as clock } from '../../src/time.ts';
import { until } from '../support/listener.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { createTestCa, type Certificate, type TestCa } from '../support/test-ca.ts';

export const USER = 'tmf-hub';
export const PASSWORD = 'a right secret';

/**
 * A session of SASL ends so soon on the listener BRIEF. Clients renew it after 4 fifths of that, and Kafka refuses to
 * more than once a second.
 */
export const SESSION_MS = 1_500;

const SCRAM = [
  { mechanism: 1, bytes: 32, hash: 'sha256' },
  { mechanism: 2, bytes: 64, hash: 'sha512' },
];
const ITERATIONS = 4096;

/** The only name in the certificates of MUTUAL and ELSEWHERE. */
export const OTHER_HOST = 'kafka.example.com';

/**
 * - SASL, BRIEF: for USER with its password; BRIEF ends sessions that are not renewed;
 * - MUTUAL: for clients with a certificate;
 * - FRONT: as SASL, and EXPIRED, STRANGE and ELSEWHERE with a wrong certificate: who is let in there is sent back to
 *   the `front`.
 */
export type Way = 'SASL' | 'BRIEF' | 'MUTUAL' | 'FRONT' | 'EXPIRED' | 'STRANGE' | 'ELSEWHERE' | 'PLAINTEXT';

/** A Kafka that is picky about who speaks to it, and one address that can lead to any of its listeners. */
export class SecureKafka {
  readonly ca: TestCa;
  readonly strangeCa: TestCa;
  readonly client: Certificate;
  readonly front: TcpProxy;
  readonly #cluster: KafkaCluster;
  readonly #directory: string;

  private constructor(
    parts: { ca: TestCa; strangeCa: TestCa; client: Certificate; front: TcpProxy; cluster: KafkaCluster },
    directory: string,
  ) {
    this.ca = parts.ca;
    this.strangeCa = parts.strangeCa;
    this.client = parts.client;
    this.front = parts.front;
    this.#cluster = parts.cluster;
    this.#directory = directory;
  }

  static async start(): Promise<SecureKafka> {
    const directory = await mkdtemp(join(tmpdir(), 'tmf-hub-secure-kafka-'));
    const [ca, strangeCa] = await Promise.all(
      ['ca', 'strange'].map((name) => createTestCa(join(directory, name))),
    );
    const client = await ca!.issue({ name: 'client', client: true });
    const front = await TcpProxy.to({ host: '127.0.0.1', port: 1 });
    const secured = await listeners(ca!, strangeCa!, front.port);
    const cluster = await startKafka({ secured });
    const kafka = new SecureKafka({ ca: ca!, strangeCa: strangeCa!, client, front, cluster }, directory);
    await kafka.setPassword(PASSWORD);
    return kafka;
  }

  /** `host:port`. */
  address(way: Way): string {
    return `127.0.0.1:${this.#port(way)}`;
  }

  get frontAddress(): string {
    return `127.0.0.1:${this.front.port}`;
  }

  /** Where `front` leads from now on; what is connected stays. */
  lead(way: Way): void {
    this.front.leadTo({ host: '127.0.0.1', port: this.#port(way) });
  }

  /** Of USER with both kinds of SCRAM, from now on. That of PLAIN stays what it was. */
  async setPassword(password: string): Promise<void> {
    const wire = new Wire({ brokers: this.#cluster.brokers, clientId: 'operator' }, clock);
    const node = wire.bootstrap[0] as Node;
    const { api } = alterUserScramCredentialsV0;
    try {
      // One request may alter a user once only.
      for (const { mechanism, bytes, hash } of SCRAM) {
        const salt = randomBytes(16);
        const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, bytes, hash);
        const altered = { name: USER, mechanism, iterations: ITERATIONS, salt, saltedPassword };
        const { results } = await wire.call('control', node, api, [], [altered]);
        if (results.some(({ errorCode }) => errorCode !== 0)) throw new Error(JSON.stringify(results));
      }
      await this.#counts(password);
    } finally {
      await wire.close();
    }
  }

  /** The broker goes by a password only a moment after it has taken it; here, the last one altered. */
  async #counts(password: string): Promise<void> {
    const tls = { ca: await readFile(this.ca.ca, 'utf8') };
    const sasl = { mechanism: 'scram-sha-512', username: USER, password } as const;
    const wire = new Wire({ brokers: [this.address('SASL')], clientId: 'operator', tls, sasl }, clock);
    const node = wire.bootstrap[0] as Node;
    const signIn = () => wire.call('control', node, requests.metadata, [], false, false);
    const signedIn = () => signIn().then(Boolean, () => false);
    await until(signedIn, 'the password counts').finally(() => wire.close());
  }

  async stop(): Promise<void> {
    await this.#cluster.stop();
    await this.front.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #port(way: Way): number {
    const node = this.#cluster.nodes[0]!;
    return way === 'PLAINTEXT' ? node.port : node.securedPorts[way]!;
  }
}

async function listeners(ca: TestCa, strangeCa: TestCa, advertised: number): Promise<SecuredListener[]> {
  const good = await ca.issue({ name: 'broker' });
  const expired = await ca.issue({ name: 'expired', expired: true });
  const elsewhere = await ca.issue({ name: 'elsewhere', hosts: [OTHER_HOST] });
  const strange = await strangeCa.issue({ name: 'broker' });
  const mutual = { ...shows(elsewhere), 'ssl.client.auth': 'required', ...trusts(ca) };
  return [
    { name: 'SASL', protocol: 'SASL_SSL', properties: { ...shows(good), ...SASL } },
    {
      name: 'BRIEF',
      protocol: 'SASL_SSL',
      properties: { ...shows(good), ...SASL, 'connections.max.reauth.ms': SESSION_MS },
    },
    { name: 'MUTUAL', protocol: 'SSL', properties: mutual },
    { name: 'FRONT', protocol: 'SASL_SSL', advertised, properties: { ...shows(good), ...SASL } },
    { name: 'EXPIRED', protocol: 'SASL_SSL', advertised, properties: { ...shows(expired), ...SASL } },
    { name: 'STRANGE', protocol: 'SASL_SSL', advertised, properties: { ...shows(strange), ...SASL } },
    { name: 'ELSEWHERE', protocol: 'SASL_SSL', advertised, properties: { ...shows(elsewhere), ...SASL } },
  ];
}

function shows({ pair }: Certificate) {
  return { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': pair };
}

function trusts({ ca }: TestCa) {
  return { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': ca };
}

const MODULES = 'org.apache.kafka.common.security';

const SASL = {
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  'plain.sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required user_${USER}="${PASSWORD}";`,
  'scram-sha-256.sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required;`,
  'scram-sha-512.sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required;`,
};
