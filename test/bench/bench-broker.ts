import type { Latency } from './latency.ts';

/** Where events of one gateway are published to, and nobody else's. */
export interface Place {
  /** What its gateway is called. */
  readonly name: string;
  /** Kafka: the topic. RabbitMQ: the exchange. */
  readonly topic: string;
  /** TMF_HUB_* variables of a gateway that reads it and shares nothing with another. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A broker with a producer, as the rows that all brokers have use it. */
export interface BenchBroker {
  newPlace(): Promise<Place>;
  /** Nobody needs the place any more, nor these subscriptions of its gateway. */
  remove(place: Place, subscriptionIds: readonly string[]): Promise<void>;
  /** Publishes so many events as fast as they are confirmed. */
  fill(topic: string, count: number): Promise<void>;
  /** Resolves with how long the broker took to confirm. `stamped` events say when they were made. */
  pace(topic: string, perSecond: number, count: number, stamped: boolean): Promise<Latency>;
  /** CPU time of the broker's process so far; undefined where it is not ours. */
  cpuSeconds(): number | undefined;
}
