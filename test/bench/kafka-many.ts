/** What many subscriptions cost that want none of the events. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../../src/time.ts';
import { OTHER_TYPE, TYPE } from './event.ts';
import type { BenchKafka } from './kafka-broker.ts';
import { latencyOf, type Latency } from './latency.ts';
import type { Load } from './measure.ts';
import { cpuSeconds, residentMemory } from './proc.ts';
import { verdict } from './rows.ts';
import { StartedGateway } from './started.ts';
import { register, subscribe } from './subscribing.ts';

/** As long as the gateway takes to look at every position again: a shorter time would tell of a part of it only. */
const WATCHED_SECONDS = Number(process.env['BENCH_WATCH_SECONDS'] ?? 60);
const EVENTS_PER_SECOND = 100;
const REGISTRATIONS = 100;

/** Over some seconds. */
interface Cost {
  /** Parts of a core. */
  readonly gateway: number;
  /** Undefined where the broker's process is not ours. */
  readonly broker: number | undefined;
  readonly positionsPerSecond: number;
}

export interface Many {
  readonly registrationsPerSecond: number;
  /** From the start of the process to the receipt of an event that was there before it. */
  readonly firstDeliverySeconds: number;
  readonly residentBytes: number;
  /** Without an event. */
  readonly idle: Cost;
  /** With events for another subscription only. */
  readonly passed: Cost;
  /** One registration after another. */
  readonly registration: Latency;
}

/** A whole gateway with `count` subscriptions to other event types, and one that is served. */
export async function many(load: Load, kafka: BenchKafka, count: number): Promise<Many> {
  const dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
  const { topic, settings } = await kafka.newPlace();
  const start = (): Promise<StartedGateway> =>
    StartedGateway.start(dir, { TMF_HUB_LOG_LEVEL: 'error', ...settings });
  const others = (i: number): string => `${load.url}/other/${i}`;
  let gateway = await start();
  try {
    await register(gateway.url, `${load.url}/live/0`, TYPE);
    const begun = performance.now();
    await subscribe(gateway.url, count, others, OTHER_TYPE);
    const registrationsPerSecond = (count * 1000) / (performance.now() - begun);
    await gateway.stop();

    await kafka.fill(topic, 1);
    const received = await load.expect(1);
    const started = performance.now();
    gateway = await start();
    await received();
    const firstDeliverySeconds = (performance.now() - started) / 1000;
    await kafka.quiet();

    const idle = await watch(kafka, gateway, () => sleep(systemClock, WATCHED_SECONDS * 1000));
    const residentBytes = residentMemory(gateway.pid);
    const registration = await registrations(gateway.url, (i) => others(count + i));
    const events = EVENTS_PER_SECOND * WATCHED_SECONDS;
    const passed = await watch(kafka, gateway, async () => {
      await kafka.pace(topic, EVENTS_PER_SECOND, events, false);
    });
    return { registrationsPerSecond, firstDeliverySeconds, residentBytes, idle, passed, registration };
  } finally {
    await gateway.stop();
    rmSync(dir, { recursive: true, force: true });
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
  console.log(`  idle: ${costs(idle)}`);
  console.log(`  beside ${EVENTS_PER_SECOND} events/s for another: ${costs(passed)}`);
  console.log(
    `  POST /hub: median ${p50.toFixed(1)} ms${met}, p99 ${p99.toFixed(1)} ms; ` +
      `50 at once ${registrationsPerSecond.toFixed(0)}/s`,
  );
}

async function registrations(url: string, callback: (i: number) => string): Promise<Latency> {
  const times: number[] = [];
  // The first ones warm it up.
  for (let i = -REGISTRATIONS / 5; i < REGISTRATIONS; i++) {
    const start = performance.now();
    await register(url, callback(i + REGISTRATIONS), OTHER_TYPE);
    if (i >= 0) times.push(performance.now() - start);
  }
  return latencyOf(times);
}

async function watch(kafka: BenchKafka, { pid }: StartedGateway, work: () => Promise<void>): Promise<Cost> {
  const positions = await kafka.positionsWritten();
  const [gateway, broker, start] = [cpuSeconds(pid), kafka.cpuSeconds(), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1000;
  const brokerNow = kafka.cpuSeconds();
  return {
    gateway: (cpuSeconds(pid) - gateway) / seconds,
    broker: broker === undefined || brokerNow === undefined ? undefined : (brokerNow - broker) / seconds,
    positionsPerSecond: ((await kafka.positionsWritten()) - positions) / seconds,
  };
}

function costs({ gateway, broker, positionsPerSecond }: Cost): string {
  const atBroker = broker === undefined ? '' : `, broker ${(broker * 100).toFixed(1)} %`;
  return `gateway ${(gateway * 100).toFixed(1)} %${atBroker} of a core, ${positionsPerSecond.toFixed(0)} positions/s committed`;
}
