import { until } from '../../support/listener.ts';
import type { RabbitSite } from './site.ts';

/** A replica that was killed is missed after 5 s, one that came is heard of after 1 s, and both look every 5 s. */
const SPREAD_MS = 60_000;

/** Needs events on their way: an idle queue stays where it is. Waits until RabbitMQ gives each gateway that runs the queues of so many subscriptions as any other, or one more. */
export async function spreadEvenly(site: RabbitSite): Promise<void> {
  const running = site.replicas.filter(({ isListening }) => isListening).length;
  const isEven = async (): Promise<boolean> => {
    const shares = await sharesOf(site);
    const isFull = shares.reduce((sum, share) => sum + share, 0) === site.listeners.length;
    return (
      shares.length === Math.min(running, site.listeners.length) &&
      isFull &&
      Math.max(...shares) - Math.min(...shares) <= 1
    );
  };
  await until(isEven, 'active consumers spread evenly over the gateways', SPREAD_MS);
}

/** Of how many subscriptions each connection has the active consumer. */
async function sharesOf(site: RabbitSite): Promise<number[]> {
  const [consumers, channels, ids] = await Promise.all([
    site.list('consumers', 'queue_name', 'channel_pid', 'active'),
    site.list('channels', 'pid', 'connection'),
    site.subscriptionIds(),
  ]);
  const connectionOf = new Map(channels as [string, string][]);
  const queues = new Set(ids.map((id) => `${site.name}.${id}`));
  const active = consumers.filter(([queue = '', , isActive]) => queues.has(queue) && isActive === 'true');
  const byConnection = Map.groupBy(active, ([, channel = '']) => connectionOf.get(channel));
  return [...byConnection.values()].map((found) => found.length);
}
