import { readFile } from 'node:fs/promises';
import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import type { KafkaConnection } from '../../src/brokers/kafka/wire/connection.ts';
import { Wire } from '../../src/brokers/kafka/wire/wire.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock as clock } from '../../src/time.ts';
import { SimClock } from '../support/sim-clock.ts';
import { OTHER_HOST as serverName, PASSWORD, SecureKafka, USER, type Way } from './kafka-secure-site.ts';

/** The sentence for each thing that can be wrong between the settings and a broker, as readiness and the log say it. */

let kafka: SecureKafka;
let ca: string;
let cert: string;
let key: string;

beforeAll(async () => {
  kafka = await SecureKafka.start();
  const files = [kafka.ca.ca, kafka.client.cert, kafka.client.key];
  [ca = '', cert = '', key = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
}, 120_000);
afterAll(async () => kafka.stop());

const signIn = (mechanism: 'plain' | 'scram-sha-256', username: string, password: string) => ({
  sasl: { mechanism, username, password },
});

test.each<[string, Way, () => Omit<KafkaConnection, 'brokers' | 'clientId'>, string | RegExp]>([
  [
    'a wrong password',
    'SASL',
    () => ({ tls: { ca }, ...signIn('plain', USER, 'wrong') }),
    `it refuses the user ${USER} or the password with plain (kafka.sasl)`,
  ],
  [
    'a wrong user',
    'SASL',
    () => ({ tls: { ca }, ...signIn('scram-sha-256', 'nobody', PASSWORD) }),
    'it refuses the user nobody or the password with scram-sha-256 (kafka.sasl)',
  ],
  [
    'no user',
    'SASL',
    () => ({ tls: { ca } }),
    'it closed the connection without an answer: does it want a user (kafka.sasl) or a certificate (kafka.tls.cert)?',
  ],
  [
    'a user where there are none',
    'MUTUAL',
    () => ({ tls: { ca, cert, key, serverName }, ...signIn('plain', USER, PASSWORD) }),
    'it does not take kafka.sasl.mechanism plain on this port',
  ],
  ['no TLS', 'SASL', () => ({}), 'it wants TLS (kafka.tls.enabled)'],
  [
    'a user without TLS',
    'SASL',
    () => signIn('plain', USER, PASSWORD),
    'it closed the connection without an answer: does it want TLS (kafka.tls.enabled)?',
  ],
  [
    'no certificate of its own',
    'MUTUAL',
    () => ({ tls: { ca, serverName } }),
    // Whether the broker's own word for it arrives before the end of the connection is luck.
    /a certificate \(kafka\.tls\.cert\)|it wants a client certificate that it trusts \(kafka\.tls\.cert, kafka\.tls\.key\)/,
  ],
])('%s', async (_, way, settings, sentence) => {
  const pauses = new SimClock();
  const wire = new Wire({ brokers: [kafka.address(way)], clientId: 'wrong', ...settings() }, pauses);
  const cluster = new Cluster(wire, clock, silentLogger);
  // The second try must not be told less than the first.
  for (let n = 1; n <= 2; n++) {
    await expect(cluster.refresh()).rejects.toThrow(sentence);
    await pauses.advance(60_000);
  }
  expect(cluster.problem).toMatch(new RegExp(`^Kafka at ${kafka.address(way)}: [^:;]*`));
  expect(cluster.problem?.split(kafka.address(way))).toHaveLength(2);
  await wire.close();
});
