/** The admin port over a gateway that is made of plain data. */
import type { Express } from 'express';
import type { DeadLetter, DeadLetterFilter, ReplayRange } from '../../src/brokers/broker.ts';
import { createAdminApp } from '../../src/admin/app.ts';
import { createMetrics } from '../../src/admin/metrics.ts';
import { adminDocument } from '../../src/admin/openapi.ts';
import type { Operations, Orphan, PartHealth, SubscriptionView } from '../../src/admin/operations.ts';
import type { Logger } from '../../src/logger.ts';
import { answerLaw, answersChecked } from '../support/answers.ts';

export function subscription(id: string, more: Partial<SubscriptionView> = {}): SubscriptionView {
  return {
    id,
    callback: 'http://billing.example/listener',
    query: '',
    scope: { basePath: '/tmf-api/productOrderingManagement/v4', api: 'TMF622', major: 4 },
    profile: 'tmf',
    signed: false,
    headers: [],
    state: 'active',
    circuit: 'closed',
    lag: 0,
    oldestUnsettled: null,
    inFlight: 0,
    waitingRetry: 0,
    lastOutcome: null,
    lost: 0,
    positions: { 'bss.ordering.events:0': 7 },
    ...more,
  };
}

export function deadLetter(id: string, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    reason: 'exhausted',
    subscriptionId: 's-1',
    callback: 'http://billing.example/listener',
    eventId: 'e-1',
    eventType: 'ProductOrderCreateEvent',
    correlationId: 'c-1',
    attempts: [{ n: 1, at: '2026-03-01T12:00:00.000Z', status: 500, durationMs: 12, answer: 'oops' }],
    error: 'status 500',
    retryCount: 3,
    source: {
      broker: 'embedded',
      topic: 'bss.ordering.events',
      partition: 0,
      offset: 7,
      key: '4711',
      headers: {},
    },
    body: Buffer.from('{"eventId":"e-1"}'),
    deadAt: '2026-03-01T12:00:40.000Z',
    state: 'open',
    ...more,
  };
}

export class MemoryOperations implements Operations {
  readonly calls: unknown[][] = [];
  readonly parts: Record<string, PartHealth> = { registry: { ok: true }, embedded: { ok: true } };
  readonly views = new Map([['s-1', subscription('s-1')]]);
  readonly letters = new Map([['d-1', deadLetter('d-1')]]);
  readonly orphaned: Orphan[] = [];
  /** What the next call rejects with. */
  failure: Error | undefined;

  readiness() {
    return { ready: Object.values(this.parts).every(({ ok }) => ok), parts: this.parts };
  }

  subscriptions() {
    return [...this.views.values()];
  }

  subscription(id: string) {
    return this.views.get(id);
  }

  pause(id: string) {
    return this.#call(['pause', id], this.#changed(id, 'paused'));
  }

  resume(id: string) {
    return this.#call(['resume', id], this.#changed(id, 'active'));
  }

  replay(id: string, range: ReplayRange) {
    return this.#call(['replay', id, range], this.views.has(id) ? { jobId: 'job-1' } : undefined);
  }

  explain(id: string, eventId: string) {
    const reason = 'the query wants another eventType';
    const explanation = { subscriptionId: id, eventId, verdict: 'filtered', reason } as const;
    return this.#call(['explain', id, eventId], this.views.has(id) ? explanation : undefined);
  }

  trace(correlationId: string) {
    return this.#call(['trace', correlationId], { correlationId, events: [] });
  }

  readonly deadLetters: Operations['deadLetters'] = {
    list: (filter, page) => {
      const items = [...this.letters.values()];
      return this.#call(['list', filter, page], { items, total: items.length });
    },
    count: (filter, groupBy) => this.#call(['count', filter, groupBy], { exhausted: 2, rejected: 3 }),
    get: (id) => this.#call(['get', id], this.letters.get(id)),
    discard: (id) => this.#call(['discard', id], this.letters.get(id)),
    replay: (id, body) =>
      this.#call(
        ['replay', id, body === undefined ? undefined : Buffer.from(body).toString()],
        this.letters.get(id),
      ),
    replayMany: (filter: DeadLetterFilter) =>
      this.#call(['replayMany', filter], { accepted: 5, byReason: { exhausted: 2, rejected: 3 } }),
  };

  readonly orphans: Operations['orphans'] = {
    list: () => this.orphaned,
    remove: (id) => {
      const at = this.orphaned.findIndex(({ subscriptionId }) => subscriptionId === id);
      return this.#call(['remove orphan', id], at >= 0 && this.orphaned.splice(at, 1).length > 0);
    },
  };

  async #call<T>(call: unknown[], result: T): Promise<T> {
    this.calls.push(call);
    if (this.failure !== undefined) throw this.failure;
    return result;
  }

  #changed(id: string, state: SubscriptionView['state']): SubscriptionView | undefined {
    const before = this.views.get(id);
    if (before !== undefined) this.views.set(id, { ...before, state });
    return this.views.get(id);
  }
}

export interface AdminParts {
  readonly app: Express;
  readonly operations: MemoryOperations;
  /** Answers that did not fit openapi/admin.json. */
  readonly wrong: string[];
  readonly logged: { fields: object; message: string }[];
}

const law = answerLaw(adminDocument());
const all: string[][] = [];
afterEach(() => expect(all.splice(0).flat()).toEqual([]));

export function startAdmin(token?: string): AdminParts {
  const operations = new MemoryOperations();
  const logged: AdminParts['logged'] = [];
  const log = (fields: object, message: string) => {
    logged.push({ fields, message });
  };
  const logger: Logger = { debug: log, info: log, warn: log, error: log, isLevelEnabled: () => true };
  const snapshot = () => ({
    now: Date.parse('2026-03-01T12:00:00.000Z'),
    subscriptions: operations.subscriptions(),
    openDeadLetters: operations.letters.size,
    retentionHeadroomSeconds: undefined,
    parts: operations.parts,
  });
  const metrics = createMetrics({ perSubscription: false, snapshot, logger });
  const wrong: string[] = [];
  all.push(wrong);
  const app = answersChecked(createAdminApp({ operations, metrics, token, logger }), law, wrong);
  return { app, operations, wrong, logged };
}
