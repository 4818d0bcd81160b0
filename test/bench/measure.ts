import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Latency, LoadRequest } from './load.ts';

export interface Measurement {
  readonly deliveries: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** CPU time of this process, all threads, in microseconds for each delivery. */
  readonly cpuMicros: number;
}

/** Runs `work`, which makes `deliveries` deliveries, and measures time and this process's CPU time. */
export async function measure(deliveries: number, work: () => Promise<void>): Promise<Measurement> {
  // What the preparation left behind is not the deliveries' cost.
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { deliveries, seconds, perSecond: deliveries / seconds, cpuMicros: (user + system) / deliveries };
}

/** The process with the listener and the publisher. */
export class Load {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Load> {
    const child = fork(new URL('./load.ts', import.meta.url), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    return new Load(child, port);
  }

  /** Resolves with a function that waits until `count` requests came, each answered after `delayMs`. */
  async expect(count: number, delayMs = 0): Promise<() => Promise<void>> {
    await this.#ask({ do: 'expect', count, delayMs });
    const done = once(this.#child, 'message');
    return async () => {
      await done;
    };
  }

  async publish(request: Omit<Extract<LoadRequest, { do: 'publish' }>, 'do'>): Promise<Latency> {
    return ((await this.#ask({ do: 'publish', ...request })) as { latency: Latency }).latency;
  }

  stop(): void {
    this.#child.kill();
  }

  async #ask(request: LoadRequest): Promise<unknown> {
    const answer = once(this.#child, 'message');
    this.#child.send(request);
    return (await answer)[0];
  }
}
