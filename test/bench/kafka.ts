/** Rows of Kafka, its broker included: on the same machine, in a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TYPE } from './event.ts';
import { BenchKafka } from './kafka-broker.ts';
import { HandWritten } from './kafka-by-hand.ts';
import { many, print, type Many } from './kafka-many.ts';
import type { Latency } from './latency.ts';
import { cleanUp, stopwatch, type Load } from './measure.ts';
import { CONCURRENCY, DELIVERIES, verdict, type Rows, type Work } from './rows.ts';
import { Site } from './site.ts';
import { StartedGateway } from './started.ts';
import { register } from './subscribing.ts';

/** Deliveries before the measurement and after it, as parts of those in it: it begins and ends under full load. */
const WARM_UP = 0.2;
const TAIL = 0.05;
const LATENCY = { perSecond: 1000, warmUpSeconds: 2, seconds: 20, target: { p50: 3, p99: 18 } };

/** Prints the rows; resolves with the figures that are no rows. */
export async function kafkaRows(load: Load, rows: Rows): Promise<object> {
  const kafka = await BenchKafka.start();
  try {
    await drains(load, kafka, rows);
    const { received, confirmed } = await latency(load, kafka);
    const { perSecond, target } = LATENCY;
    console.log(
      `Kafka latency at ${perSecond} events/s, produce to receipt: ` +
        `p50 ${received.p50.toFixed(2)} ms (${verdict(received.p50, target.p50, ' ms')}), ` +
        `p99 ${received.p99.toFixed(2)} ms (${verdict(received.p99, target.p99, ' ms')}); ` +
        `the producer's confirmation: p50 ${confirmed.p50.toFixed(2)} ms, p99 ${confirmed.p99.toFixed(2)} ms`,
    );
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
  const gateway = (fanOut: number, events: number) => () => drain(load, kafka, fanOut, events);
  const byHand = (fanOut: number, events: number) => () => drainByHand(load, kafka, fanOut, events);
  await rows.compare(
    { name: 'Kafka -> 1 subscription', run: gateway(1, DELIVERIES), target: 1.75 },
    { name: 'Kafka -> 1 by hand, kafkajs', run: byHand(1, DELIVERIES) },
  );
  await rows.compare(
    { name: 'Kafka -> 10 subscriptions', run: gateway(10, DELIVERIES / 5), target: 1.3 },
    { name: 'Kafka -> 10 by hand, a kafkajs group each', run: byHand(10, DELIVERIES / 5) },
  );
  await rows.compare({ name: 'Kafka -> 100 subscriptions', run: gateway(100, DELIVERIES / 50) });
}

/** `fanOut` subscriptions drain a topic that was filled while they were paused. */
async function drain(load: Load, kafka: BenchKafka, fanOut: number, events: number): Promise<Work> {
  const { topic, settings } = await kafka.newPlace();
  const site = new Site(settings);
  await site.start();
  const ids = await site.subscribe(fanOut, (i) => `${load.url}/live/${i}`);
  await site.set('pause', ids);
  const result = await backlog(load, kafka, { topic, events, fanOut }, () => site.set('resume', ids));
  await site.stop();
  site.remove();
  return result;
}

async function drainByHand(load: Load, kafka: BenchKafka, fanOut: number, events: number): Promise<Work> {
  const { topic } = await kafka.newPlace();
  const callbacks = Array.from({ length: fanOut }, (_, i) => `${load.url}/live/${i}`);
  const { brokers } = kafka;
  const groupPrefix = kafka.newName();
  const byHand = new HandWritten({ brokers, topic, callbacks, groupPrefix, concurrency: CONCURRENCY });
  const result = await backlog(load, kafka, { topic, events, fanOut }, () => byHand.start());
  await byHand.stop();
  return result;
}

/** Fills the topic and measures the deliveries that `begin` sets off, once they are in full swing. */
async function backlog(
  load: Load,
  kafka: BenchKafka,
  { topic, events, fanOut }: { topic: string; events: number; fanOut: number },
  begin: () => Promise<void>,
): Promise<Work> {
  await kafka.fill(topic, Math.ceil(events * (WARM_UP + 1 + TAIL)));
  const deliveries = events * fanOut;
  const { warm, done } = await load.expectAfter(Math.ceil(deliveries * WARM_UP), deliveries);
  cleanUp();
  await begin();
  await warm();
  const broker = kafka.cpuSeconds();
  const stop = stopwatch();
  await done();
  const work = stop(deliveries);
  const brokerNow = kafka.cpuSeconds();
  if (broker === undefined || brokerNow === undefined) return work;
  return { ...work, brokerMicros: ((brokerNow - broker) * 1e6) / deliveries };
}

/** One subscription on a gateway that runs as users run it, and an independent producer. */
async function latency(load: Load, kafka: BenchKafka): Promise<{ received: Latency; confirmed: Latency }> {
  const { perSecond, warmUpSeconds, seconds } = LATENCY;
  const dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
  const { topic, settings } = await kafka.newPlace();
  const gateway = await StartedGateway.start(dir, { TMF_HUB_LOG_LEVEL: 'error', ...settings });
  try {
    await register(gateway.url, `${load.url}/live/0`, TYPE);
    await kafka.pace(topic, perSecond, perSecond * warmUpSeconds, false);
    const all = await load.expectStamped(perSecond * seconds);
    const confirmed = await kafka.pace(topic, perSecond, perSecond * seconds, true);
    return { received: await all(), confirmed };
  } finally {
    await gateway.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
