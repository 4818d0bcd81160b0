/**
 * Metrics whose values are computed when somebody scrapes, so that counting costs an addition to a plain number:
 * prom-client's own counters and histograms take 100 to 250 ns each time, for labels checked and hashed again.
 */
import type { Metric, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** When it differs from the family's name, as a histogram's `_bucket` does. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

export function registerFamily(registry: Registry, family: Family, samples: () => readonly Sample[]): void {
  const get = async () => ({ ...family, aggregator: 'sum', values: samples() });
  // The registry asks a metric for nothing but `name` and `get`; its type knows the library's own classes only.
  registry.registerMetric({ name: family.name, get } as unknown as Metric);
}

/** A histogram without labels, in about 10 ns per observation. */
export class Buckets {
  readonly #bounds: readonly number[];
  /** One more than bounds: the last counts what is above them all. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds` ascend. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    // A clock that jumped can give a time below zero; it would spoil the sum for ever.
    const measured = value > 0 ? value : 0;
    let place = 0;
    while (place < this.#bounds.length && measured > (this.#bounds[place] ?? Infinity)) place += 1;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += measured;
  }

  samples(name: string, labels: Labels): Sample[] {
    let count = 0;
    const buckets = [...this.#counts].map((inBucket, place) => {
      count += inBucket;
      const le = this.#bounds[place] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
