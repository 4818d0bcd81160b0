import { setTimeout as sleep } from 'node:timers/promises';
import { rabbitmqctl, type Rabbitmq } from '../../../scripts/services/rabbitmq.ts';
import type { Redis } from '../../../scripts/services/redis.ts';
import { subscribeAll } from '../hub.ts';
import { Recorder } from '../recorder.ts';
import { scaled } from '../scale.ts';
import { Site, subscriptionsOf } from '../site.ts';
import { AGAIN, PREFETCH } from './away.ts';
import { RabbitLoad } from './load.ts';

export interface SiteSettings {
  /** Of the gateways: what their queues, and their keys in Redis, begin with. */
  readonly name: string;
  readonly rabbitmq: Rabbitmq;
  readonly redis: Redis;
  /** How many gateways; default 2. */
  readonly replicas?: number;
  /** Variables of the gateway with this number, beside those that every one has. */
  readonly settings?: (replica: number) => Readonly<Record<string, string>>;
  /** How long the listener with this number takes for an answer, milliseconds. */
  readonly slowness?: (listener: number) => number;
  /** hub: all gateways run, and the subscriptions were made at the first of them. declared: none runs yet. */
  readonly subscriptions?: 'hub' | 'declared';
}

/** Long enough that attempts are in flight whenever something happens. */
const SLOWNESS = (): number => scaled(20, 2) + Math.random() * scaled(100, 10);

/** Gateways that share RabbitMQ and Redis, with three listeners. */
export class RabbitSite extends Site<RabbitLoad> {
  readonly rabbitmq: Rabbitmq;
  readonly redis: Redis;

  private constructor(settings: SiteSettings, listeners: readonly Recorder[]) {
    const { name, rabbitmq, redis, replicas = 2, subscriptions = 'hub' } = settings;
    const exchange = `bss.ordering.events.${name}`;
    const variables = {
      TMF_HUB_BROKER: 'rabbitmq',
      TMF_HUB_NAME: name,
      TMF_HUB_RABBITMQ_URL: rabbitmq.url,
      TMF_HUB_RABBITMQ_HEARTBEAT: '10s',
      TMF_HUB_RABBITMQ_PREFETCH: `${PREFETCH}`,
      TMF_HUB_RABBITMQ_EXCHANGES: exchange,
      TMF_HUB_TOPICS_ORDERING: exchange,
      TMF_HUB_REDIS_URL: redis.url,
      TMF_HUB_CALLBACKS_TIMEOUT: '5s',
      TMF_HUB_LOG_LEVEL: 'info',
      ...(subscriptions === 'declared' && {
        TMF_HUB_SUBSCRIPTIONS: JSON.stringify(subscriptionsOf(listeners)),
      }),
    };
    super({
      ...{ broker: 'RabbitMQ', name, replicas, listeners, again: AGAIN },
      variables: (replica) => ({ ...variables, ...settings.settings?.(replica) }),
      load: new RabbitLoad(rabbitmq.url, exchange, name),
    });
    this.rabbitmq = rabbitmq;
    this.redis = redis;
  }

  static async open(settings: SiteSettings): Promise<RabbitSite> {
    const { slowness = SLOWNESS, subscriptions = 'hub' } = settings;
    const listeners = await Promise.all([0, 1, 2].map((i) => Recorder.start(() => slowness(i))));
    const site = new RabbitSite(settings, listeners);
    if (subscriptions === 'declared') return site;
    try {
      await Promise.all(site.replicas.map((replica) => replica.start()));
      await subscribeAll(site, site.gateway);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  async ctl(...args: string[]): Promise<void> {
    await rabbitmqctl(this.rabbitmq.control, args);
  }

  /** Rows with these columns, of what `rabbitmqctl list_{what}` prints. */
  async list(what: string, ...columns: string[]): Promise<string[][]> {
    const args = ['--no-table-headers', `list_${what}`, ...columns];
    return (await rabbitmqctl(this.rabbitmq.control, args))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  async leftAtBroker(): Promise<string[]> {
    const giveUpAt = performance.now() + EMPTY_MS;
    for (;;) {
      const left = [...(await this.#leftInQueues()), ...(await this.#leftAtGateways())];
      if (left.length === 0 || performance.now() > giveUpAt) return left;
      await sleep(500);
    }
  }

  /** What RabbitMQ counted some seconds ago, handed out or not. */
  async #leftInQueues(): Promise<string[]> {
    const counts = new Map((await this.list('queues', 'name', 'messages')) as [string, string][]);
    const queues = [...(await this.subscriptionIds()), 'dead-lettered'].map((id) => `${this.name}.${id}`);
    return queues
      .filter((queue) => counts.get(queue) !== '0')
      .map((queue) => `${queue} has ${counts.get(queue) ?? 'not been made'}`);
  }

  async #leftAtGateways(): Promise<string[]> {
    const running = this.replicas.filter(({ isListening }) => isListening);
    const lists = await Promise.all(
      running.map(async (replica) => {
        const { items } = await this.ask<{ items: View[] }>('/admin/subscriptions', replica);
        return items.map((view) => ({ ...view, at: replica.name }));
      }),
    );
    return lists
      .flat()
      .filter(({ lag, inFlight }) => lag > 0 || inFlight > 0)
      .map(({ at, id, lag, inFlight }) => `${at} says of ${id}: lag ${lag}, ${inFlight} in flight`);
  }
}

interface View {
  readonly id: string;
  readonly lag: number;
  readonly inFlight: number;
}

/** In which acknowledgements, and RabbitMQ's counting of them, are surely done. */
const EMPTY_MS = 60_000;
