import type { Attempt, DeadLetter } from '../../src/brokers/broker.ts';
import type { CallbackAnswer, CallbackRequest } from '../../src/callbacks/sender.ts';
import type { DeliveryObserver } from '../../src/delivery/observer.ts';
import type { DeliverySettings } from '../../src/delivery/settings.ts';
import type { Subscription } from '../../src/registry/store.ts';
import type { EventChecks } from '../../src/tmf/event-check.ts';
import { MemoryStorage, NO_FAULTS, type MemoryLogFaults } from '../support/memory-log.ts';
import { SimClock } from '../support/sim-clock.ts';
import { SETTINGS, SimGateway, eventRecord, subscription } from '../support/sim-gateway.ts';

export const TOPIC = 'bss.ordering.events';

/** One request as a listener saw it. */
export interface Call {
  /** Simulated milliseconds since the scene began. */
  readonly at: number;
  readonly to: string;
  readonly url: string;
  readonly eventId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How often this listener was sent this event, from 1. */
  readonly time: number;
}

/** A status, or a whole answer; `after` = simulated milliseconds until it comes, 1 unless said. */
export type Reply = number | CallbackAnswer | { readonly answer: CallbackAnswer; readonly after: number };
export type Behaviour = (call: Call) => Reply;

export interface SceneOptions {
  readonly retry?: Partial<DeliverySettings['retry']>;
  readonly circuit?: Partial<DeliverySettings['circuit']>;
  readonly limits?: Partial<DeliverySettings['limits']>;
  readonly partitions?: number;
  readonly faults?: Partial<MemoryLogFaults>;
  readonly observer?: Partial<DeliveryObserver>;
  readonly checks?: EventChecks;
  /** Of every event; none unless said. */
  readonly apis?: readonly string[];
  readonly random?: () => number;
  readonly brokenOff?: (request: CallbackRequest) => CallbackAnswer | undefined;
  /** Simulated milliseconds of every answer that does not say otherwise. */
  readonly answerMs?: number;
}

/** A gateway on a simulated clock, listeners that behave as told, and everything that they saw. */
export class Scene {
  readonly clock = new SimClock();
  readonly storage: MemoryStorage;
  readonly calls: Call[] = [];
  readonly circuits: string[] = [];
  gateway: SimGateway;
  #options: SceneOptions;
  readonly #listeners = new Map<string, Behaviour>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #began: number;
  readonly #times = new Map<string, number>();
  #concurrent = new Map<string, number>();
  /** The most requests that were with a listener at one time. */
  readonly peak = new Map<string, number>();

  constructor(options: SceneOptions = {}) {
    this.#options = options;
    this.#began = this.clock.now();
    this.storage = new MemoryStorage({ [TOPIC]: options.partitions ?? 1 });
    this.gateway = this.#newGateway();
  }

  get now(): number {
    return this.clock.now() - this.#began;
  }

  /** A started gateway with one subscription for each listener. */
  static async with(listeners: Record<string, Behaviour>, options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options);
    await scene.finish(scene.gateway.start());
    for (const [id, behaviour] of Object.entries(listeners)) await scene.subscribe(id, behaviour);
    return scene;
  }

  async subscribe(id: string, behaviour: Behaviour, given: Partial<Subscription> = {}): Promise<void> {
    const made = subscription(id, given);
    this.#listeners.set(id, behaviour);
    this.#subscriptions.set(id, made);
    await this.finish(this.gateway.subscribe(made));
  }

  /** From now on the listener behaves like this. */
  behave(id: string, behaviour: Behaviour): void {
    this.#listeners.set(id, behaviour);
  }

  async publish(key: string, ...ids: string[]): Promise<void> {
    for (const id of ids) await this.gateway.broker.publish(eventRecord(TOPIC, key, id));
  }

  async publishRaw(value: string | Buffer, headers: Record<string, string> = {}, key = 'k'): Promise<void> {
    await this.gateway.broker.publish({ topic: TOPIC, key, value: Buffer.from(value), headers });
  }

  /** kill -9, and a new gateway on what was durable. */
  async crash(): Promise<void> {
    this.gateway.kill();
    this.#concurrent = new Map();
    this.gateway = this.#newGateway();
    for (const known of this.#subscriptions.values())
      await this.finish(this.gateway.subscribe(known, 'known'));
    await this.finish(this.gateway.start());
    await this.finish(this.gateway.deliveries.letterReplays.start());
  }

  /** As if it had never been registered, for the next process. */
  forget(id: string): void {
    this.#subscriptions.delete(id);
  }

  /** Takes effect with the next process. */
  reconfigure(options: SceneOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  setState(id: string, state: Subscription['state']): void {
    this.gateway.deliveries.of(id)?.setState(state);
  }

  status(id: string) {
    const status = this.gateway.deliveries.of(id)?.status;
    if (!status) throw new Error(`no subscription ${id}`);
    return { ...status, lag: this.gateway.broker.status(id)?.lag };
  }

  /** The events that one listener was sent, in order, each as often as it came. */
  seen(id: string): string[] {
    return this.to(id).map(({ eventId }) => eventId);
  }

  to(id: string): Call[] {
    return this.calls.filter((call) => call.to === id);
  }

  letters(): DeadLetter[] {
    return [...this.storage.letters.values()];
  }

  /** Lets simulated time pass until the promise settles. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    await this.clock.until(() => settled, 600_000);
    return promise;
  }

  #newGateway(): SimGateway {
    const { retry, circuit, limits, faults, observer, random, brokenOff, checks, apis } = this.#options;
    return new SimGateway({
      clock: this.clock,
      storage: this.storage,
      settings: {
        retry: { ...SETTINGS.retry, jitter: 0, ...retry },
        circuit: { ...SETTINGS.circuit, ...circuit },
        limits: { ...SETTINGS.limits, ...limits },
      },
      faults: { ...NO_FAULTS, ...faults },
      observer: {
        circuitChanged: (id, state) => this.circuits.push(`${id} ${state} at ${this.now}`),
        ...observer,
      },
      ...(random ? { random } : {}),
      ...(brokenOff ? { brokenOff } : {}),
      ...(checks ? { checks } : {}),
      ...(apis ? { apis } : {}),
      listener: (request) => this.#answer(request),
    });
  }

  #answer({ url, headers, body }: CallbackRequest): { answer: CallbackAnswer; after: number } {
    const to = new URL(url).hostname.replace('.example', '');
    const eventId = (headers['webhook-id'] ?? '').replace(/:[^:]*$/, '');
    const time = 1 + (this.#times.get(`${to} ${eventId}`) ?? 0);
    this.#times.set(`${to} ${eventId}`, time);
    const call = { at: this.now, to, url, eventId, headers, body: Buffer.from(body), time };
    this.calls.push(call);
    const reply = this.#listeners.get(to)?.(call) ?? 204;
    const { answerMs = 1 } = this.#options;
    const whole = typeof reply === 'number' ? answered(reply, {}, answerMs) : reply;
    const { answer, after } = 'answer' in whole ? whole : { answer: whole, after: whole.durationMs };
    this.#countConcurrent(to, after);
    return { answer, after };
  }

  #countConcurrent(to: string, after: number): void {
    const concurrent = this.#concurrent;
    const now = (concurrent.get(to) ?? 0) + 1;
    concurrent.set(to, now);
    this.peak.set(to, Math.max(now, this.peak.get(to) ?? 0));
    this.clock.after(after, () => concurrent.set(to, (concurrent.get(to) ?? 0) - 1));
  }
}

/** An answer of this status, `durationMs` after the request. */
export function answered(
  status: number,
  given: { readonly retryAfter?: string; readonly text?: string } = {},
  durationMs = 1,
): CallbackAnswer {
  return { status, retryAfter: given.retryAfter, text: given.text ?? '', durationMs };
}

export function failed(
  failure: 'connect' | 'timeout' | 'protocol' | 'aborted' | 'refused-by-policy' = 'connect',
  durationMs = 1,
): CallbackAnswer {
  return { failure, message: 'made up', durationMs };
}

/** The times of the attempts in a dead letter, in milliseconds after the first. */
export function gaps(attempts: readonly Attempt[]): number[] {
  const times = attempts.map(({ at }) => Date.parse(at));
  return times.map((time) => time - (times[0] ?? 0));
}

/** `e0` ... as many as asked for. */
export function ids(count: number, prefix = 'e'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}
