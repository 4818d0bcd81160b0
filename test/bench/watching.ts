/** What a gateway and its broker cost over a while, seen from outside. */
import type { BenchBroker } from './bench-broker.ts';
import { latencyOf, type Latency } from './latency.ts';
import { cpuSeconds } from './proc.ts';
import { subscribeUpTo, type Subscribed } from './subscribing.ts';

/** As long as the gateway takes to look at everything again: a shorter time would tell of a part of it only. */
export const WATCHED_SECONDS = Number(process.env['BENCH_WATCH_SECONDS'] ?? 60);
const REGISTRATIONS = 100;
/** They are made before those that count. */
const WARM_UP = 20;

export interface Cost {
  /** Parts of a core. */
  readonly gateway: number;
  /** Undefined where the broker's process is not ours. */
  readonly broker: number | undefined;
  readonly seconds: number;
}

/** `pid`: the gateway's. */
export async function watch(broker: BenchBroker, pid: number, work: () => Promise<unknown>): Promise<Cost> {
  const [gateway, before, start] = [cpuSeconds(pid), broker.cpuSeconds(), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1000;
  const now = broker.cpuSeconds();
  return {
    gateway: (cpuSeconds(pid) - gateway) / seconds,
    broker: before === undefined || now === undefined ? undefined : (now - before) / seconds,
    seconds,
  };
}

export function costs({ gateway, broker }: Cost): string {
  const atBroker = broker === undefined ? '' : `, broker ${(broker * 100).toFixed(1)} %`;
  return `gateway ${(gateway * 100).toFixed(1)} %${atBroker} of a core`;
}

/** How many registrations `registrations` makes. */
export const REGISTERED = WARM_UP + REGISTRATIONS;

/** One registration after another, until one is refused. */
export async function registrations(
  url: string,
  callback: (i: number) => string,
  eventType: string,
): Promise<Subscribed & { readonly times: Latency }> {
  const times: number[] = [];
  const ids: string[] = [];
  let refusal: Error | undefined;
  for (let i = 0; i < REGISTERED && !refusal; i++) {
    const start = performance.now();
    const one = await subscribeUpTo(url, 1, () => callback(i), eventType);
    if (i >= WARM_UP) times.push(performance.now() - start);
    ids.push(...one.ids);
    refusal = one.refusal;
  }
  return { times: latencyOf(times), ids, refusal };
}
