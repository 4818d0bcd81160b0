/** Rows of backlogs: events that are there before the measurement, delivered by a gateway or by hand. */
import type { BenchBroker, Place } from './bench-broker.ts';
import { cleanUp, stopwatch, type Load } from './measure.ts';
import type { Work } from './rows.ts';
import { Site } from './site.ts';

/** Deliveries before the measurement and after it, as parts of those in it: it begins and ends under full load. */
const WARM_UP = 0.2;
const TAIL = 0.05;

/** What a user would write instead of a gateway: a subscription for each callback. */
export interface ByHand {
  /** Begins at the first event that was published since it was made. */
  start(): Promise<void>;
  /** What is under way is finished. */
  stop(): Promise<void>;
}

type MakeByHand = (place: Place, callbacks: readonly string[]) => Promise<ByHand>;

export class Draining {
  readonly #load: Load;
  readonly #broker: BenchBroker;
  readonly #makeByHand: MakeByHand;

  constructor(load: Load, broker: BenchBroker, makeByHand: MakeByHand) {
    this.#load = load;
    this.#broker = broker;
    this.#makeByHand = makeByHand;
  }

  /** `fanOut` subscriptions of a gateway in this process drain what came while they were paused. */
  gateway(fanOut: number, events: number): () => Promise<Work> {
    return async () => {
      const place = await this.#broker.newPlace();
      const site = new Site(place.settings);
      await site.start();
      const ids = await site.subscribe(fanOut, this.#callback);
      await site.set('pause', ids);
      const work = await this.#drain(place, events, fanOut, () => site.set('resume', ids));
      await site.stop();
      site.remove();
      await this.#broker.remove(place, ids);
      return work;
    };
  }

  byHand(fanOut: number, events: number): () => Promise<Work> {
    return async () => {
      const place = await this.#broker.newPlace();
      const byHand = await this.#makeByHand(
        place,
        Array.from({ length: fanOut }, (_, i) => this.#callback(i)),
      );
      const work = await this.#drain(place, events, fanOut, () => byHand.start());
      await byHand.stop();
      await this.#broker.remove(place, []);
      return work;
    };
  }

  readonly #callback = (i: number): string => `${this.#load.url}/live/${i}`;

  /** Fills the place and measures the deliveries that `begin` sets off, once they are in full swing. */
  async #drain(place: Place, events: number, fanOut: number, begin: () => Promise<void>): Promise<Work> {
    const broker = this.#broker;
    await broker.fill(place.topic, Math.ceil(events * (WARM_UP + 1 + TAIL)));
    const deliveries = events * fanOut;
    const { warm, done } = await this.#load.expectAfter(Math.ceil(deliveries * WARM_UP), deliveries);
    cleanUp();
    await begin();
    await warm();
    const before = broker.cpuSeconds();
    const stop = stopwatch();
    await done();
    const work = stop(deliveries);
    const now = broker.cpuSeconds();
    if (before === undefined || now === undefined) return work;
    return { ...work, brokerMicros: ((now - before) * 1e6) / deliveries };
  }
}
