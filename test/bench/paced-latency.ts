/** Time from an independent producer to the listener, through a gateway that runs as users run it. */
import type { BenchBroker } from './bench-broker.ts';
import { TYPE } from './event.ts';
import type { Latency } from './latency.ts';
import type { Load } from './measure.ts';
import { verdict } from './rows.ts';
import { register } from './subscribing.ts';
import { WholeGateway } from './whole-gateway.ts';

const WARM_UP_SECONDS = 2;
const SECONDS = Number(process.env['BENCH_LATENCY_SECONDS'] ?? 20);

export interface PacedLatency {
  readonly received: Latency;
  readonly confirmed: Latency;
}

export interface LatencyGoal {
  readonly name: string;
  readonly perSecond: number;
  /** Milliseconds that are meant to be enough. */
  readonly p50: number;
  readonly p99: number;
}

/** Prints the row for one subscription. */
export async function pacedLatency(
  load: Load,
  broker: BenchBroker,
  goal: LatencyGoal,
): Promise<PacedLatency> {
  const { perSecond } = goal;
  const gateway = await WholeGateway.start(broker);
  try {
    const { topic } = gateway.place;
    gateway.subscribed(await register(gateway.url, `${load.url}/live/0`, TYPE));
    await broker.pace(topic, perSecond, perSecond * WARM_UP_SECONDS, false);
    const all = await load.expectStamped(perSecond * SECONDS);
    const confirmed = await broker.pace(topic, perSecond, perSecond * SECONDS, true);
    const figures = { received: await all(), confirmed };
    print(goal, figures);
    return figures;
  } finally {
    await gateway.remove();
  }
}

function print({ name, perSecond, p50, p99 }: LatencyGoal, { received, confirmed }: PacedLatency): void {
  console.log(
    `${name} latency at ${perSecond} events/s, produce to receipt: ` +
      `p50 ${received.p50.toFixed(2)} ms (${verdict(received.p50, p50, ' ms')}), ` +
      `p99 ${received.p99.toFixed(2)} ms (${verdict(received.p99, p99, ' ms')}); ` +
      `the producer's confirmation: p50 ${confirmed.p50.toFixed(2)} ms, p99 ${confirmed.p99.toFixed(2)} ms`,
  );
}
