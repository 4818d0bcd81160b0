export interface Latency {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

export function latencyOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

/** Calls `send` at a steady rate; one that is late is sent at once. */
export async function pace(perSecond: number, count: number, send: (n: number) => void): Promise<void> {
  const start = performance.now();
  for (let n = 0; n < count; n++) {
    const wait = start + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    send(n);
  }
}

/** The id of an event that says when it was made, by a clock that all processes of the machine share. */
export function stampedId(): string {
  return `at-${process.hrtime.bigint()}`;
}

/** Milliseconds since an event with such an id was made; undefined for one without. */
export function ageOf(body: string): number | undefined {
  const stamp = /"eventId":"at-(\d+)"/.exec(body)?.[1];
  return stamp === undefined ? undefined : Number(process.hrtime.bigint() - BigInt(stamp)) / 1e6;
}
