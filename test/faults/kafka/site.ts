import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaTools } from '../../support/kafka-tools.ts';
import { Recorder } from '../recorder.ts';
import { Site, SLOWNESS, subscriptionsOf } from '../site.ts';
import { AGAIN, SESSION_MS } from './away.ts';
import { KafkaLoad } from './load.ts';

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

const PARTITIONS = 6;

/** Gateways on real brokers, with three listeners whose subscriptions stand in their configuration. */
export class KafkaSite extends Site<KafkaLoad> {
  readonly topic: string;
  readonly tools: KafkaTools;

  private constructor(settings: SiteSettings, listeners: readonly Recorder[], topic: string) {
    const { name, brokers, tools, partitions = PARTITIONS } = settings;
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
    const load = new KafkaLoad(brokers, topic, partitions, name);
    super({ broker: 'Kafka', name, replicas: 2, variables: () => variables, listeners, load, again: AGAIN });
    this.topic = topic;
    this.tools = tools;
  }

  /** The topic is there and the first gateway listens. */
  static async open(settings: SiteSettings): Promise<KafkaSite> {
    const { name, brokers, tools, partitions = PARTITIONS, slowness = SLOWNESS, early = 0 } = settings;
    const topic = `bss.ordering.events.${name}`;
    await tools.createTopic(topic, { partitions });
    const before = new KafkaLoad(brokers, topic, partitions, 'early');
    await before.run({ events: early, seconds: 1 });
    await before.close();
    const listeners = await Promise.all([1, 2, 3].map(() => Recorder.start(slowness)));
    const site = new KafkaSite(settings, listeners, topic);
    try {
      await site.gateway.start();
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  leftAtBroker(): Promise<string[]> {
    return positionsBehind(this);
  }
}

/** In which positions must have come to the ends (DESIGN 5). */
const POSITIONS_MS = 60_000;

/** Waits until all positions have come to the ends, as Kafka's own tool tells them; answers those that have not. */
export async function positionsBehind(site: KafkaSite): Promise<string[]> {
  const giveUpAt = performance.now() + POSITIONS_MS;
  const ids = await site.subscriptionIds();
  let behind: string[] = [];
  let left = ids.map((id) => `${site.name}.${id}`);
  for (;;) {
    behind = [];
    for (const group of left) behind.push(...(await behindIn(site, group)));
    left = left.filter((group) => behind.some((line) => line.startsWith(group)));
    if (left.length === 0 || performance.now() > giveUpAt) return behind;
    await sleep(500);
  }
}

async function behindIn({ tools, topic }: KafkaSite, group: string): Promise<string[]> {
  const rows = (await tools.describeGroup(group)).filter((row) => row.topic === topic);
  if (rows.length === 0) return [`${group} has no positions`];
  return rows
    .filter(({ current, end, lag }) => current !== end || lag !== 0)
    .map(({ partition, current, end }) => `${group} stands at ${partition}:${current ?? '-'} of ${end}`);
}
