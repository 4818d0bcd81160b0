import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Again, Disturbance } from './judge.ts';
import type { Load } from './load.ts';
import type { Recorder } from './recorder.ts';
import { Replica } from './replica.ts';

export interface SiteParts<Producer extends Load> {
  /** For the report. */
  readonly broker: string;
  /** Of the gateways. */
  readonly name: string;
  /** How many gateways; none has been started. */
  readonly replicas: number;
  /** TMF_HUB_* variables of the gateway with this number. */
  readonly variables: (replica: number) => Readonly<Record<string, string>>;
  readonly listeners: readonly Recorder[];
  readonly load: Producer;
  readonly again: Again;
}

interface Listed {
  readonly id: string;
  readonly callback: string;
}

/** Long enough that attempts are in flight whenever something happens. */
export const SLOWNESS = (): number => 2 + Math.random() * 10;

/** No disturbance of these tests keeps all deliveries away for so long. */
const STALLED_MS = 40_000;

/**
 * Gateways on a real broker, with three listeners and a foreign producer. FAULT_LOGS names a folder that keeps what the
 * gateways wrote.
 */
export abstract class Site<Producer extends Load = Load> {
  readonly broker: string;
  readonly name: string;
  readonly load: Producer;
  readonly listeners: readonly Recorder[];
  readonly replicas: readonly Replica[];
  readonly again: Again;
  readonly disturbances: Disturbance[] = [];
  readonly #dir: string;

  constructor({ broker, name, replicas, variables, listeners, load, again }: SiteParts<Producer>) {
    this.broker = broker;
    this.name = name;
    this.listeners = listeners;
    this.load = load;
    this.again = again;
    const dir = (this.#dir = mkdtempSync(path.join(tmpdir(), `tmf-hub-${name}-`)));
    this.replicas = Array.from({ length: replicas }, (_, i) => {
      const one = String.fromCharCode('a'.charCodeAt(0) + i);
      return new Replica(one, path.join(dir, one), variables(i));
    });
  }

  /** Waits until the broker has nothing left to be delivered; answers what it still has, in sentences. */
  abstract leftAtBroker(): Promise<string[]>;

  /** The first of the gateways. */
  get gateway(): Replica {
    return this.replicas[0]!;
  }

  get other(): Replica {
    return this.replicas[1]!;
  }

  /** Waits until each listener has had this part of `events`, or gets no more: the verdict tells what is missing. */
  async share(part: number, events: number): Promise<void> {
    const many = Math.floor(part * events);
    const began = performance.now();
    while (this.listeners.some(({ firsts }) => firsts.size < many)) {
      if (performance.now() - this.lastReceiptAt(began) > STALLED_MS) return;
      await sleep(20);
    }
  }

  /** When the last one came, or `since` when that was later. */
  lastReceiptAt(since: number): number {
    return Math.max(since, ...this.listeners.map(({ lastAt }) => lastAt));
  }

  /** Subscription ids, in the order of the listeners, as this gateway lists them. */
  async subscriptionIds(at?: Replica): Promise<string[]> {
    const { items } = await this.ask<{ items: Listed[] }>('/admin/subscriptions', at);
    return this.listeners.map(({ url }) => items.find(({ callback }) => callback === url)?.id ?? 'missing');
  }

  /** Asks this gateway, or the first one that listens. */
  async ask<Answer>(place: string, at?: Replica): Promise<Answer> {
    const asked = at ?? this.replicas.find((replica) => replica.isListening) ?? this.gateway;
    const answer = await fetch(asked.now.admin + place);
    if (!answer.ok) throw new Error(`${place}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }

  async close(): Promise<void> {
    await this.load.close();
    await Promise.all(this.replicas.map((replica) => replica.kill()));
    await Promise.all(this.listeners.map((listener) => listener.leave()));
    const folder = process.env['FAULT_LOGS'];
    if (folder) for (const replica of this.replicas) replica.keepOutput(folder, this.name);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

export interface Wanted {
  readonly callback: string;
  /** Without it: all of the global hub. */
  readonly api?: string;
  readonly version?: string;
  readonly query?: string;
}

/** One for an API, one with a query, one for everything: three ways to the same events. */
export function subscriptionsOf(listeners: readonly Recorder[]): Wanted[] {
  const [first = '', second = '', third = ''] = listeners.map(({ url }) => url);
  return [
    { callback: first, api: 'TMF622' },
    { callback: second, api: 'TMF622', version: '4', query: 'eventType=ProductOrderStateChangeEvent' },
    { callback: third },
  ];
}
