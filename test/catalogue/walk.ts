/** One gateway with a hub for everything that the catalogue has, one listener behind all the callbacks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';
import type { Hub } from './routing.ts';

export interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
}

/** What the callback of a hub got. */
export interface Delivery {
  /** Number of the hub. */
  readonly hub: number;
  readonly body: string;
}

interface SubscriptionView {
  readonly lag: number;
  readonly inFlight: number;
  readonly waitingRetry: number;
}

/** Enough to keep both sides busy, far from what either takes at once. */
const AT_ONCE = 32;

export class Walk {
  readonly #folder: string;
  readonly #gateway: GatewayProcess;
  readonly #listener: TestListener;
  private constructor(folder: string, gateway: GatewayProcess, listener: TestListener) {
    this.#folder = folder;
    this.#gateway = gateway;
    this.#listener = listener;
  }

  static async start(): Promise<Walk> {
    const folder = mkdtempSync(join(tmpdir(), 'tmf-hub-catalogue-'));
    return new Walk(folder, await GatewayProcess.start(folder), await TestListener.start());
  }

  callbackOf(hub: Hub): string {
    return `${this.#listener.url}/hub/${hub.number}`;
  }

  async register(hub: Hub): Promise<Answer> {
    const query = hub.type === undefined ? {} : { query: `eventType=${hub.type}` };
    const body = JSON.stringify({ callback: this.callbackOf(hub), ...query });
    return this.post(`${hub.basePath}/hub`, body);
  }

  async post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await fetch(this.#gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
  }

  /** Resolves once the listener has so many deliveries, or more. Rejects when they do not become enough in time. */
  async delivered(count: number): Promise<void> {
    await until(() => this.#listener.receipts.length >= count, `${count} deliveries`, 15_000);
  }

  /** Resolves once nothing is on its way any more, which could be one delivery too many. */
  async settled(): Promise<void> {
    await until(() => this.#nothingOnItsWay(), 'nothing on its way');
  }

  /** What came since the last time, not to be had again: all of it would be large. */
  take(): Delivery[] {
    return this.#listener.receipts
      .splice(0)
      .map(({ path, body }) => ({ hub: Number(path.split('/').at(-1)), body }));
  }

  async deadLetters(): Promise<number> {
    const answer = await fetch(`${this.#gateway.admin}/admin/dead-letters?limit=1`);
    return ((await answer.json()) as { total: number }).total;
  }

  async stop(): Promise<void> {
    await this.#gateway.kill();
    await this.#listener.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #nothingOnItsWay(): Promise<boolean> {
    const answer = await fetch(`${this.#gateway.admin}/admin/subscriptions`);
    const { items } = (await answer.json()) as { items: SubscriptionView[] };
    return items.every(({ lag, inFlight, waitingRetry }) => lag + inFlight + waitingRetry === 0);
  }
}

/** Does the work for each item, some at once; the results are in the order of the items. */
export async function forEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
