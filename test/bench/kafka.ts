/** Rows of Kafka, its broker included: on the same machine, in a process of its own. */
import { Draining } from './draining.ts';
import { BenchKafka } from './kafka-broker.ts';
import { HandWritten } from './kafka-by-hand.ts';
import { many, print, type Many } from './kafka-many.ts';
import type { Load } from './measure.ts';
import { pacedLatency } from './paced-latency.ts';
import { CONCURRENCY, DELIVERIES, type Rows } from './rows.ts';

const LATENCY = { name: 'Kafka', perSecond: 1000, p50: 3, p99: 18 };

/** Prints the rows; resolves with the figures that are no rows. */
export async function kafkaRows(load: Load, rows: Rows): Promise<object> {
  const kafka = await BenchKafka.start();
  try {
    await drains(load, kafka, rows);
    const { received, confirmed } = await pacedLatency(load, kafka, LATENCY);
    const figures: Record<number, Many> = {};
    for (const [count, target] of [
      [1_000, 100],
      [10_000, undefined],
    ] as const) {
      const found = (figures[count] = await many(load, kafka, count));
      print(count, found, target);
    }
    return { latency: received, confirmation: confirmed, subscriptions: figures };
  } finally {
    await kafka.stop();
  }
}

async function drains(load: Load, kafka: BenchKafka, rows: Rows): Promise<void> {
  const draining = new Draining(load, kafka, async ({ topic, name: groupPrefix }, callbacks) => {
    const { brokers } = kafka;
    return new HandWritten({ brokers, topic, callbacks, groupPrefix, concurrency: CONCURRENCY });
  });
  await rows.compare(
    { name: 'Kafka -> 1 subscription', run: draining.gateway(1, DELIVERIES), target: 1.75 },
    { name: 'Kafka -> 1 by hand, kafkajs', run: draining.byHand(1, DELIVERIES) },
  );
  await rows.compare(
    { name: 'Kafka -> 10 subscriptions', run: draining.gateway(10, DELIVERIES / 5), target: 1.3 },
    { name: 'Kafka -> 10 by hand, a kafkajs group each', run: draining.byHand(10, DELIVERIES / 5) },
  );
  await rows.compare({ name: 'Kafka -> 100 subscriptions', run: draining.gateway(100, DELIVERIES / 50) });
}
