import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaTools } from '../../support/kafka-tools.ts';
import { SESSION_MS, type Disturbance } from './judge.ts';
import { Load } from './load.ts';
import { Recorder } from './recorder.ts';
import { Replica } from './replica.ts';

export interface SiteSettings {
  /** Of the gateways: what their groups and topics begin with. */
  readonly name: string;
  readonly brokers: readonly string[];
  readonly tools: KafkaTools;
  readonly partitions?: number;
  /** TMF_HUB_* variables beside those that every site has. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long a listener takes for an answer, milliseconds. */
  readonly slowness?: () => number;
  /** Events that are in the topic before the first gateway starts: they are nobody's. */
  readonly early?: number;
}

/** Long enough that attempts are in flight whenever something happens. */
const SLOWNESS = (): number => 2 + Math.random() * 10;

const PARTITIONS = 6;

/** No disturbance of these tests keeps all deliveries away for so long. */
const STALLED_MS = 40_000;

/**
 * Gateways on real brokers, with three listeners whose subscriptions stand in their configuration, and a foreign
 * producer. FAULT_LOGS names a folder that keeps what the gateways wrote.
 */
export class Site {
  readonly name: string;
  readonly topic: string;
  readonly tools: KafkaTools;
  readonly load: Load;
  readonly listeners: readonly Recorder[];
  readonly replicas: readonly Replica[];
  readonly disturbances: Disturbance[] = [];
  readonly #dir: string;

  private constructor(settings: SiteSettings, listeners: readonly Recorder[], topic: string) {
    const { name, brokers, tools, partitions = PARTITIONS } = settings;
    this.name = name;
    this.topic = topic;
    this.tools = tools;
    this.listeners = listeners;
    this.load = new Load(brokers, topic, partitions, name);
    const dir = (this.#dir = mkdtempSync(path.join(tmpdir(), `tmf-hub-${name}-`)));
    const variables = {
      TMF_HUB_BROKER: 'kafka',
      TMF_HUB_NAME: name,
      TMF_HUB_KAFKA_BROKERS: brokers.join(','),
      TMF_HUB_KAFKA_SESSIONTIMEOUT: `${SESSION_MS}ms`,
      TMF_HUB_CALLBACKS_TIMEOUT: '2s',
      TMF_HUB_TOPICS_ORDERING: topic,
      TMF_HUB_SUBSCRIPTIONS: JSON.stringify(subscriptionsOf(listeners)),
      TMF_HUB_LOG_LEVEL: 'info',
      ...settings.settings,
    };
    this.replicas = ['a', 'b'].map((one) => new Replica(one, path.join(dir, one), variables));
  }

  /** The topic is there and the first gateway listens. */
  static async open(settings: SiteSettings): Promise<Site> {
    const { name, brokers, tools, partitions = PARTITIONS, slowness = SLOWNESS, early = 0 } = settings;
    const topic = `bss.ordering.events.${name}`;
    await tools.createTopic(topic, { partitions });
    const before = new Load(brokers, topic, partitions, 'early');
    await before.run({ events: early, seconds: 1 });
    await before.close();
    const listeners = await Promise.all([1, 2, 3].map(() => Recorder.start(slowness)));
    const site = new Site(settings, listeners, topic);
    try {
      await site.gateway.start();
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** The first of the gateways; the other one has not been started. */
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

  /** Subscription ids, in the order of the listeners. */
  async subscriptionIds(): Promise<string[]> {
    const { items } = await this.ask<{ items: { id: string; callback: string }[] }>('/admin/subscriptions');
    return this.listeners.map(({ url }) => items.find(({ callback }) => callback === url)?.id ?? 'missing');
  }

  /** Asks the first gateway that listens. */
  async ask<Answer>(place: string): Promise<Answer> {
    const asked = this.replicas.find((replica) => replica.isListening) ?? this.gateway;
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

/** One for an API, one with a query, one for everything: three ways to the same events. */
function subscriptionsOf(listeners: readonly Recorder[]): object[] {
  const [first, second, third] = listeners.map(({ url }) => ({ callback: url }));
  return [
    { ...first, api: 'TMF622' },
    { ...second, api: 'TMF622', version: '4', query: 'eventType=ProductOrderStateChangeEvent' },
    { ...third },
  ];
}
