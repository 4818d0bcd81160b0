/** Rows of RabbitMQ, its server included: on the same machine, in a process of its own. */
import { Draining } from './draining.ts';
import type { Load } from './measure.ts';
import { pacedLatency } from './paced-latency.ts';
import { BenchRabbitmq } from './rabbitmq-broker.ts';
import { HandWritten } from './rabbitmq-by-hand.ts';
import { manyQueues } from './rabbitmq-many.ts';
import { CONCURRENCY, DELIVERIES, type Rows } from './rows.ts';

const LATENCY = { name: 'RabbitMQ', perSecond: 500, p50: 6, p99: 25 };
/** As the gateway's settings have it. */
const PREFETCH = 256;
/** As a multiple of what a minimal consumer uses. */
const TARGET = 1.3;
const FAN_OUTS = [
  [1, DELIVERIES],
  [10, DELIVERIES / 5],
] as const;

/** Prints the rows; resolves with the figures that are no rows. */
export async function rabbitmqRows(load: Load, rows: Rows): Promise<object> {
  const rabbitmq = await BenchRabbitmq.start();
  try {
    await drains(load, rabbitmq, rows);
    const { received, confirmed } = await pacedLatency(load, rabbitmq, LATENCY);
    return { latency: received, confirmation: confirmed, queues: await manyQueues(load, rabbitmq) };
  } finally {
    await rabbitmq.stop();
  }
}

async function drains(load: Load, rabbitmq: BenchRabbitmq, rows: Rows): Promise<void> {
  const draining = new Draining(load, rabbitmq, ({ topic: exchange, name: queuePrefix }, callbacks) => {
    const { url } = rabbitmq;
    const limits = { prefetch: PREFETCH, concurrency: CONCURRENCY };
    return HandWritten.make({ url, exchange, callbacks, queuePrefix, ...limits });
  });
  for (const [fanOut, events] of FAN_OUTS) {
    const rival = `RabbitMQ -> ${fanOut} by hand, amqplib`;
    const name = `RabbitMQ -> ${fanOut} subscription${fanOut > 1 ? 's' : ''}`;
    await rows.compare(
      { name, run: draining.gateway(fanOut, events), target: TARGET, rival },
      { name: rival, run: draining.byHand(fanOut, events) },
    );
  }
}
