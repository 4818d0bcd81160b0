/** What thousands of subscriptions cost, a queue each. */
import { sleep, systemClock } from '../../src/time.ts';
import { TYPE } from './event.ts';
import type { Latency } from './latency.ts';
import type { Load } from './measure.ts';
import type { BenchRabbitmq } from './rabbitmq-broker.ts';
import { DELIVERIES } from './rows.ts';
import { subscribeUpTo } from './subscribing.ts';
import { costs, REGISTERED, registrations, watch, WATCHED_SECONDS, type Cost } from './watching.ts';
import { WholeGateway } from './whole-gateway.ts';

/** How many queues there are to be, one after the other. RabbitMQ allows a connection 2,047 channels by default. */
const COUNTS = (process.env['BENCH_QUEUES'] ?? '1000,2000,3000').split(',').map(Number);
/** Queues that are not consumed by then will not be. */
const CONSUMED_WITHIN_MS = 120_000;

interface Resident {
  readonly gateway: number;
  /** Undefined where the server is not ours. */
  readonly broker: number | undefined;
}

/** For each delivery, microseconds of CPU time. */
interface PerDelivery {
  readonly gateway: number;
  readonly broker: number | undefined;
  readonly perSecond: number;
}

interface Registered {
  /** 50 at once, from the count before to this one. */
  readonly registrationsPerSecond: number;
  /** One after another, with all of them there; undefined: it did not come to that. */
  readonly registration: Latency | undefined;
  /** Why there are no more; undefined: there may be. */
  readonly refusal: string | undefined;
}

interface Many extends Registered {
  /** From the start of the process to the receipts of an event that was in all queues; undefined: not in time. */
  readonly consumedAfterSeconds: number | undefined;
  readonly consumed: number;
  /** More than without any subscription, bytes. */
  readonly resident: Resident;
  /** Without an event. */
  readonly idle: Cost;
  /** Each event goes to all. */
  readonly toAll: PerDelivery;
  /** Each event goes to one, in turn. */
  readonly spread: PerDelivery;
}

/** One gateway whose subscriptions become more, until it takes no more of them; prints the rows. */
export async function manyQueues(load: Load, rabbitmq: BenchRabbitmq): Promise<Record<number, Many>> {
  const figures: Record<number, Many> = {};
  const gateway = await WholeGateway.start(rabbitmq);
  const growing = new Growing(load, rabbitmq, gateway);
  try {
    for (const count of COUNTS) {
      const found = await growing.towards(count);
      const reached = gateway.subscriptionIds.length;
      figures[reached] = found;
      print(reached, found);
      if (found.refusal !== undefined) break;
    }
    return figures;
  } finally {
    await gateway.remove();
  }
}

class Growing {
  readonly #load: Load;
  readonly #rabbitmq: BenchRabbitmq;
  readonly #gateway: WholeGateway;
  readonly #before: Resident;

  constructor(load: Load, rabbitmq: BenchRabbitmq, gateway: WholeGateway) {
    this.#load = load;
    this.#rabbitmq = rabbitmq;
    this.#gateway = gateway;
    this.#before = { gateway: gateway.residentBytes, broker: rabbitmq.residentBytes() };
  }

  async towards(count: number): Promise<Many> {
    const registered = await this.#register(count);
    const started = await this.#restart();
    const queues = await this.#rabbitmq.consumed(this.#queues);
    const pause = (): Promise<void> => sleep(systemClock, WATCHED_SECONDS * 1000);
    const idle = await watch(this.#rabbitmq, this.#gateway.pid, pause);
    const resident = this.#resident();
    const toAll = await this.#toAll(queues.length);
    const spread = await this.#deliver(queues.length * Math.ceil(DELIVERIES / queues.length), (deliveries) =>
      this.#rabbitmq.fillQueues(queues, deliveries),
    );
    return {
      ...registered,
      ...{ consumedAfterSeconds: started, consumed: queues.length, resident, idle, toAll, spread },
    };
  }

  get #queues(): string[] {
    const { place, subscriptionIds } = this.#gateway;
    return subscriptionIds.map((id) => `${place.name}.${id}`);
  }

  async #register(count: number): Promise<Registered> {
    const gateway = this.#gateway;
    const have = gateway.subscriptionIds.length;
    const callback = (i: number): string => `${this.#load.url}/live/${have + i}`;
    const atOnce = count - have - REGISTERED;
    const begun = performance.now();
    const { ids, refusal } = await subscribeUpTo(gateway.url, atOnce, callback, TYPE);
    const registrationsPerSecond = (ids.length * 1000) / (performance.now() - begun);
    gateway.subscribed(...ids);
    if (refusal) return { registrationsPerSecond, registration: undefined, refusal: refusal.message };
    const single = await registrations(gateway.url, (i) => callback(atOnce + i), TYPE);
    gateway.subscribed(...single.ids);
    return { registrationsPerSecond, registration: single.times, refusal: single.refusal?.message };
  }

  /** With an event in each queue; resolves with the seconds until all of them came. */
  async #restart(): Promise<number | undefined> {
    const gateway = this.#gateway;
    await gateway.stop();
    await this.#rabbitmq.fill(gateway.place.topic, 1);
    const received = await this.#load.expect(gateway.subscriptionIds.length);
    const started = performance.now();
    await gateway.start();
    const late = sleep(systemClock, CONSUMED_WITHIN_MS).then(() => 'late');
    const first = await Promise.race([received(), late]);
    return first === 'late' ? undefined : (performance.now() - started) / 1000;
  }

  #resident(): Resident {
    const broker = this.#rabbitmq.residentBytes();
    const { gateway, broker: brokerBefore } = this.#before;
    return {
      gateway: this.#gateway.residentBytes - gateway,
      broker: broker === undefined || brokerBefore === undefined ? undefined : broker - brokerBefore,
    };
  }

  async #toAll(queues: number): Promise<PerDelivery> {
    const { topic } = this.#gateway.place;
    return this.#deliver(queues * Math.ceil(DELIVERIES / queues), (deliveries) =>
      this.#rabbitmq.fill(topic, deliveries / queues),
    );
  }

  /** Once to warm up, and once measured. */
  async #deliver(deliveries: number, fill: (deliveries: number) => Promise<void>): Promise<PerDelivery> {
    const once = async (): Promise<void> => {
      const received = await this.#load.expect(deliveries);
      await fill(deliveries);
      await received();
    };
    await once();
    const { gateway, broker, seconds } = await watch(this.#rabbitmq, this.#gateway.pid, once);
    const micros = (seconds * 1e6) / deliveries;
    return {
      gateway: gateway * micros,
      broker: broker === undefined ? undefined : broker * micros,
      perSecond: deliveries / seconds,
    };
  }
}

function print(count: number, figures: Many): void {
  const { consumedAfterSeconds, consumed, resident, idle, refusal } = figures;
  const all = consumedAfterSeconds === undefined ? `only ${consumed}` : 'all';
  const after =
    consumedAfterSeconds === undefined ? '' : ` ${consumedAfterSeconds.toFixed(2)} s after the start`;
  const broker = resident.broker === undefined ? '' : `, broker ${inMegabytes(resident.broker)}`;
  console.log(
    `${count.toLocaleString('en')} queues: ${all} consumed${after}, ` +
      `more memory than with none: gateway ${inMegabytes(resident.gateway)}${broker}`,
  );
  console.log(`  idle: ${costs(idle)}`);
  console.log(`  an event to all: ${perDelivery(figures.toAll)}`);
  console.log(`  an event to one: ${perDelivery(figures.spread)}`);
  console.log(`  POST /hub: ${registering(figures)}`);
  if (refusal !== undefined) console.log(`  no more are taken: ${refusal}`);
}

function registering({ registration, registrationsPerSecond }: Registered): string {
  const atOnce = `50 at once ${registrationsPerSecond.toFixed(0)}/s`;
  if (!registration) return atOnce;
  return `median ${registration.p50.toFixed(1)} ms, p99 ${registration.p99.toFixed(1)} ms; ${atOnce}`;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function perDelivery({ gateway, broker, perSecond }: PerDelivery): string {
  const atBroker = broker === undefined ? '' : `, ${broker.toFixed(1)} us at the broker`;
  return `${perSecond.toFixed(0)}/s, ${gateway.toFixed(1)} us CPU${atBroker} for each delivery`;
}
