import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { whatIsWrong } from '../../scripts/services/kafka-probe.ts';

/**
 * The brokers that TMF_HUB_KAFKA_BROKERS names, or else one that the whole run shares, started for the first test that
 * asks. Rejects with the reason when there is none: a test that needs Kafka fails without it. Others use the same one
 * now: take topics, groups and ids of your own (`uniqueName`), and never stop it or change its settings. On a machine
 * that fetches Kafka first it takes a minute: ask in `beforeAll` with a timeout of 120 s.
 */
export async function sharedKafka(): Promise<{ brokers: string[] }> {
  const named = process.env['TMF_HUB_KAFKA_BROKERS'];
  if (!named) return JSON.parse(await ask('/kafka')) as { brokers: string[] };
  const brokers = named.split(',').map((broker) => broker.trim());
  const wrong = await Promise.all(brokers.map((broker) => whatIsWrong(broker)));
  if (wrong.includes(undefined)) return { brokers };
  throw new Error(`TMF_HUB_KAFKA_BROKERS=${named} does not answer: ${wrong.join(', ')}`);
}

/** A name that no other test uses, on this run's broker or on one that outlives it. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 13)}`;
}

async function ask(path: string): Promise<string> {
  const services = process.env['TMF_HUB_TEST_SERVICES'];
  if (services === undefined)
    throw new Error('no test run is under way: test/support/services-setup.ts did not run');
  const [response] = (await once(get(`${services}${path}`, { agent: false }), 'response')) as [
    IncomingMessage,
  ];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`the shared Kafka broker did not start: ${body}`);
  return body;
}
