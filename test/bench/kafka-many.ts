/** What many subscriptions cost that want none of the events. */
import { sleep, systemClock } from '../../src/time.ts';
import { OTHER_TYPE, TYPE } from './event.ts';
import type { BenchKafka } from './kafka-broker.ts';
import type { Latency } from './latency.ts';
import type { Load } from './measure.ts';
import { verdict } from './rows.ts';
import { register, subscribe } from './subscribing.ts';
import { costs, registrations, watch, WATCHED_SECONDS, type Cost } from './watching.ts';
import { WholeGateway } from './whole-gateway.ts';

const EVENTS_PER_SECOND = 100;

interface KafkaCost extends Cost {
  readonly positionsPerSecond: number;
}

export interface Many {
  readonly registrationsPerSecond: number;
  /** From the start of the process to the receipt of an event that was there before it. */
  readonly firstDeliverySeconds: number;
  readonly residentBytes: number;
  /** Without an event. */
  readonly idle: KafkaCost;
  /** With events for another subscription only. */
  readonly passed: KafkaCost;
  /** One registration after another. */
  readonly registration: Latency;
}

/** A whole gateway with `count` subscriptions to other event types, and one that is served. */
export async function many(load: Load, kafka: BenchKafka, count: number): Promise<Many> {
  const gateway = await WholeGateway.start(kafka);
  const { topic } = gateway.place;
  const others = (i: number): string => `${load.url}/other/${i}`;
  try {
    await register(gateway.url, `${load.url}/live/0`, TYPE);
    const begun = performance.now();
    await subscribe(gateway.url, count, others, OTHER_TYPE);
    const registrationsPerSecond = (count * 1000) / (performance.now() - begun);
    await gateway.stop();

    await kafka.fill(topic, 1);
    const received = await load.expect(1);
    const started = performance.now();
    await gateway.start();
    await received();
    const firstDeliverySeconds = (performance.now() - started) / 1000;
    await kafka.quiet();

    const idle = await watched(kafka, gateway, () => sleep(systemClock, WATCHED_SECONDS * 1000));
    const { residentBytes } = gateway;
    const { times, refusal } = await registrations(gateway.url, (i) => others(count + i), OTHER_TYPE);
    if (refusal) throw refusal;
    const events = EVENTS_PER_SECOND * WATCHED_SECONDS;
    const passed = await watched(kafka, gateway, () => kafka.pace(topic, EVENTS_PER_SECOND, events, false));
    return { registrationsPerSecond, firstDeliverySeconds, residentBytes, idle, passed, registration: times };
  } finally {
    await gateway.remove();
  }
}

/** `target`: milliseconds that the median registration may take. */
export function print(count: number, figures: Many, target?: number): void {
  const { registrationsPerSecond, firstDeliverySeconds, residentBytes, idle, passed, registration } = figures;
  const { p50, p99 } = registration;
  const met = target === undefined ? '' : `, ${verdict(p50, target, ' ms')}`;
  console.log(
    `${count} subscriptions to other types: first delivery ${firstDeliverySeconds.toFixed(2)} s after the start, ` +
      `${(residentBytes / 1e6).toFixed(0)} MB resident`,
  );
  console.log(`  idle: ${costs(idle)}, ${positions(idle)}`);
  console.log(`  beside ${EVENTS_PER_SECOND} events/s for another: ${costs(passed)}, ${positions(passed)}`);
  console.log(
    `  POST /hub: median ${p50.toFixed(1)} ms${met}, p99 ${p99.toFixed(1)} ms; ` +
      `50 at once ${registrationsPerSecond.toFixed(0)}/s`,
  );
}

async function watched(
  kafka: BenchKafka,
  { pid }: WholeGateway,
  work: () => Promise<unknown>,
): Promise<KafkaCost> {
  const positions = await kafka.positionsWritten();
  const cost = await watch(kafka, pid, work);
  return { ...cost, positionsPerSecond: ((await kafka.positionsWritten()) - positions) / cost.seconds };
}

function positions({ positionsPerSecond }: KafkaCost): string {
  return `${positionsPerSecond.toFixed(0)} positions/s committed`;
}
