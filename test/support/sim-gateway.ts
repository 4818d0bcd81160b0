import { LogBroker } from '../../src/brokers/log/log-broker.ts';
import type { CallbackAnswer, CallbackRequest, CallbackSender, Sending } from '../../src/callbacks/sender.ts';
import { Deliveries } from '../../src/delivery/deliveries.ts';
import type { DeliveryObserver } from '../../src/delivery/observer.ts';
import type { DeliverySettings } from '../../src/delivery/settings.ts';
import { silentLogger } from '../../src/logger.ts';
import type { Subscription } from '../../src/registry/store.ts';
import type { EventChecks } from '../../src/tmf/event-check.ts';
import { compileQuery } from '../../src/tmf/query/query.ts';
import { createProfiles } from '../../src/tmf/profiles.ts';
import { MemoryLog, type MemoryLogFaults, type MemoryStorage } from './memory-log.ts';
import type { SimClock } from './sim-clock.ts';

export const SETTINGS: DeliverySettings = {
  retry: {
    delays: [1000, 5000, 30_000],
    jitter: 0.1,
    maxRetryAfter: 3_600_000,
    rejectStatuses: [400, 413, 415, 422],
  },
  circuit: {
    threshold: 5,
    rejectionThreshold: 20,
    probeMin: 1000,
    probeMax: 60_000,
    suspendAfter: 432_000_000,
  },
  limits: {
    concurrency: 'adaptive',
    startConcurrency: 8,
    maxConcurrency: 32,
    maxWaiting: 1000,
    memory: 256 << 20,
    maxSockets: 1024,
  },
};

export const QUIET: DeliveryObserver = {
  routed: () => undefined,
  invalid: () => undefined,
  attempted: () => undefined,
  deadLettered: () => undefined,
  deadLetterDelayed: () => undefined,
  circuitChanged: () => undefined,
};

export interface SimOptions {
  readonly clock: SimClock;
  readonly storage: MemoryStorage;
  /** Answers a request; called when the request is sent. `after`: simulated milliseconds until the answer. */
  readonly listener: (request: CallbackRequest) => { answer: CallbackAnswer; after: number };
  /** An attempt under way is broken off. It may answer what was there already. */
  readonly brokenOff?: (request: CallbackRequest) => CallbackAnswer | undefined;
  readonly faults?: MemoryLogFaults;
  readonly settings?: DeliverySettings;
  readonly random?: () => number;
  readonly observer?: Partial<DeliveryObserver>;
  readonly checks?: EventChecks;
  /** Of every type of event; none unless said. */
  readonly apis?: readonly string[];
}

/** The engine and the delivery side as the gateway joins them, on a log in memory and a clock that the test owns. */
export class SimGateway {
  readonly log: MemoryLog;
  readonly broker: LogBroker;
  readonly deliveries: Deliveries;
  readonly stopped: { id: string; state: string }[] = [];
  #killed = false;

  constructor(options: SimOptions) {
    const { clock } = options;
    let ids = 0;
    this.log = new MemoryLog(options.storage, clock, options.faults);
    this.broker = new LogBroker(this.log, {
      capabilities: { sharedLog: true, replicas: false, indexed: true },
      commits: { minIntervalMs: 10, perSecond: 10_000 },
      clock,
      logger: silentLogger,
      newId: () => String(++ids),
    });
    const sender: CallbackSender = {
      send: (request) => this.#send(request, options),
      refusal: () => undefined,
      close: () => Promise.resolve(),
    };
    this.deliveries = new Deliveries({
      clock,
      random: options.random ?? (() => 0.5),
      sender,
      settings: options.settings ?? SETTINGS,
      knowledge: { apisOfType: () => options.apis ?? [], payloadKeys: () => [], eventOf: () => undefined },
      profiles: createProfiles(),
      observer: { ...QUIET, ...options.observer },
      brokers: [this.broker],
      checks: options.checks,
      stopped: (id, state) => this.stopped.push({ id, state }),
    });
  }

  #send(request: CallbackRequest, { clock, listener, brokenOff }: SimOptions): Sending {
    const { promise, resolve } = Promise.withResolvers<CallbackAnswer>();
    const { answer, after } = listener(request);
    const startedAt = clock.monotonic();
    let isUnderWay = true;
    const timer = clock.after(after, () => {
      isUnderWay = false;
      if (!this.#killed) resolve(answer);
    });
    const abort = (): void => {
      if (!isUnderWay) return;
      isUnderWay = false;
      timer.cancel();
      const durationMs = clock.monotonic() - startedAt;
      resolve(brokenOff?.(request) ?? { failure: 'aborted', message: 'broken off', durationMs });
    };
    return { answer: promise, abort };
  }

  start(): Promise<void> {
    return this.broker.start(this.deliveries);
  }

  /** Resolves when a 201 would be answered; rejects when it would be a 503, with nothing half made. */
  async subscribe(subscription: Subscription, as: 'new' | 'known' = 'new'): Promise<void> {
    const compiled = compileQuery(subscription.query, { knownEventTypes: null });
    if (!compiled.ok) throw new Error(compiled.reason);
    try {
      await this.broker.attach(this.deliveries.open(subscription, compiled.query), as);
    } catch (error) {
      this.deliveries.close(subscription.id);
      throw error;
    }
  }

  async unsubscribe(id: string): Promise<void> {
    this.deliveries.close(id);
    await this.broker.detach(id);
  }

  /** kill -9: answers that are under way reach nobody, nothing more is written. */
  kill(): void {
    this.#killed = true;
    this.log.kill();
    this.broker.quiesce();
    this.deliveries.closeAll();
  }
}

export function subscription(id: string, given: Partial<Subscription> = {}): Subscription {
  return {
    id,
    scope: { basePath: '', api: null, major: null },
    callback: `http://${id}.example/`,
    query: '',
    ordering: 'key',
    state: 'active',
    stateReason: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    version: 1,
    ...given,
  };
}

/** A TMF event of one resource, as the bytes of a record. */
export function eventRecord(topic: string, key: string, id: string, type = 'ProductOrderCreateEvent') {
  const event = { productOrder: { id: key } };
  const document = { eventId: id, eventTime: '2026-01-01T00:00:00.000Z', eventType: type, event };
  return {
    topic,
    key,
    value: Buffer.from(JSON.stringify(document)),
    headers: { eventId: id, eventType: type },
  };
}
