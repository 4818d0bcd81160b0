import { Companion } from './companion.ts';
import type { Latency, LoadAnswer, LoadRequest } from './load.ts';

export interface Measurement {
  readonly deliveries: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** CPU time of this process, all threads, in microseconds for each delivery. */
  readonly cpuMicros: number;
}

/** Measures time and this process's CPU time from now until the deliveries are told. */
export function stopwatch(): (deliveries: number) => Measurement {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return (deliveries) => {
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { deliveries, seconds, perSecond: deliveries / seconds, cpuMicros: (user + system) / deliveries };
  };
}

/** Runs `work`, which makes `deliveries` deliveries, and measures it. */
export async function measure(deliveries: number, work: () => Promise<void>): Promise<Measurement> {
  cleanUp();
  const stop = stopwatch();
  await work();
  return stop(deliveries);
}

/** What the preparation left behind is not the deliveries' cost. */
export function cleanUp(): void {
  globalThis.gc?.();
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** The process with the listener and the publisher. */
export class Load {
  readonly url: string;
  readonly #process: Companion<LoadRequest, LoadAnswer>;

  private constructor(process: Companion<LoadRequest, LoadAnswer>, port: number) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Load> {
    const process = new Companion<LoadRequest, LoadAnswer>('./load.ts');
    return new Load(process, await process.hear('port'));
  }

  /** Resolves with a function that waits until `count` requests came, each answered after `delayMs`. */
  async expect(count: number, delayMs = 0): Promise<() => Promise<unknown>> {
    const done = this.#process.hear('done');
    await this.#process.ask({ do: 'expect', warmUp: 0, count, delayMs }, 'ready');
    return () => done;
  }

  /** `warm` waits until `warmUp` requests came, `done` until there were `count` more. */
  async expectAfter(
    warmUp: number,
    count: number,
  ): Promise<{ warm: () => Promise<unknown>; done: () => Promise<unknown> }> {
    const warm = this.#process.hear('warm');
    const done = this.#process.hear('done');
    await this.#process.ask({ do: 'expect', warmUp, count, delayMs: 0 }, 'ready');
    return { warm: () => warm, done: () => done };
  }

  /** Resolves with a function that waits for `count` events which say themselves when they were made. */
  async expectStamped(count: number): Promise<() => Promise<Latency>> {
    const latency = this.#process.hear('latency');
    await this.#process.ask({ do: 'stamped', count }, 'ready');
    return () => latency;
  }

  publish(request: Omit<Extract<LoadRequest, { do: 'publish' }>, 'do'>): Promise<Latency> {
    return this.#process.ask({ do: 'publish', ...request }, 'latency');
  }

  stop(): void {
    this.#process.stop();
  }
}
