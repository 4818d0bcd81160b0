import { setTimeout as sleep } from 'node:timers/promises';
import { brokerAway } from './away.ts';
import { EVENTS, scaled } from '../scale.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';

const on = stage({ nodes: 3 });

/** The node that coordinates a group, as Kafka's own tool names it: `127.0.0.1:9092 (1)`. */
async function coordinatorOf(group: string): Promise<number> {
  const printed = await on.tools.consumerGroups('--describe', '--state', '--group', group);
  return Number(/:\d+\s+\((\d+)\)/.exec(printed)?.[1]);
}

test(
  'promise 1: of three nodes the one dies that coordinates the group and leads partitions',
  async () => {
    const site = await on.site({ name: 'cluster' });
    const published = site.load.run({ events: EVENTS, seconds: scaled(35, 90) });
    await site.share(0.15, EVENTS);
    const coordinator = await coordinatorOf(site.name);
    const node = on.kafka.nodes.find(({ id }) => id === coordinator);
    const from = performance.now();
    await node!.kill();
    // Partitions that it led stand still until another node leads them: the brokers' own session, 6 s.
    site.disturbances.push(brokerAway(from, performance.now() + 6_000));
    await sleep(scaled(12_000, 20_000));
    await node!.start(3);
    // It becomes a leader and a coordinator again; what it took over was not committed while it moved.
    site.disturbances.push(brokerAway(performance.now(), performance.now()));
    await published;
    expect(
      await wrongs(site, { scenario: 'cluster of 3: coordinator and leader killed, restarted' }),
    ).toEqual([]);
  },
  TEST_MS,
);
