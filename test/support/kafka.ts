import { whatIsWrong } from '../../scripts/services/kafka-probe.ts';
import { sharedService } from './shared-service.ts';

export { uniqueName } from './shared-service.ts';

/**
 * The brokers that TMF_HUB_KAFKA_BROKERS names, or else one that the whole run shares, started for the first test that
 * asks. Rejects with the reason when there is none: a test that needs Kafka fails without it. Others use the same one
 * now: take topics, groups and ids of your own (`uniqueName`), and never stop it or change its settings. On a machine
 * that fetches Kafka first it takes a minute: ask in `beforeAll` with a timeout of 120 s.
 */
export async function sharedKafka(): Promise<{ brokers: string[] }> {
  const named = process.env['TMF_HUB_KAFKA_BROKERS'];
  if (!named) return sharedService('kafka');
  const brokers = named.split(',').map((broker) => broker.trim());
  const wrong = await Promise.all(brokers.map((broker) => whatIsWrong(broker)));
  if (wrong.includes(undefined)) return { brokers };
  throw new Error(`TMF_HUB_KAFKA_BROKERS=${named} does not answer: ${wrong.join(', ')}`);
}
