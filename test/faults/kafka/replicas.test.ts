import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/listener.ts';
import { brokenOff, handedOver, killedAt } from '../judge.ts';
import { SESSION_MS } from './away.ts';
import { EVENTS, scaled } from '../scale.ts';
import { partitionsOf } from './partitions.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';

const on = stage();

test(
  'promises 1, 2 and 4: a second gateway joins, leaves, joins again and is killed, under load',
  async () => {
    const site = await on.site({ name: 'second-gateway' });
    const { gateway, other, disturbances, listeners } = site;
    const shared = async (): Promise<boolean> =>
      (await partitionsOf(gateway)) === 3 && (await partitionsOf(other)) === 3;
    const alone = async (): Promise<boolean> => (await partitionsOf(gateway)) === 6;
    const published = site.load.run({ events: EVENTS, seconds: scaled(25, 90) });

    await site.share(0.1, EVENTS);
    disturbances.push(handedOver(performance.now()));
    await other.start();
    await until(shared, 'both have their share');
    await site.share(0.3, EVENTS);
    disturbances.push(handedOver(performance.now()));
    expect(await other.stop()).toBe(0);
    await until(alone, 'the first has all again');
    await site.share(0.5, EVENTS);
    disturbances.push(handedOver(performance.now()));
    await other.start();
    await until(shared, 'both have their share again');
    await site.share(0.6, EVENTS);
    // So far the gateways agreed on everything, and what was delivered does not come again. On a machine at a standstill
    // a listener may answer too late, and then it is asked again: that is no matter of the handover, and is logged.
    const failedOnce = (id: string) => [gateway, other].some((one) => one.wrote('delivery.attempted', id));
    for (const { receipts, firsts } of listeners) {
      const again = receipts.filter(({ eventId }, i) => firsts.get(eventId) !== i);
      expect(again.filter(({ eventId }) => !failedOnce(eventId))).toEqual([]);
    }
    await other.kill();
    disturbances.push(killedAt(performance.now()));
    await until(alone, 'the first has taken over', 60_000);
    // It takes part in a rebalance itself, which is one more handover.
    disturbances.push(handedOver(performance.now()));
    await published;
    expect(await wrongs(site, { scenario: 'second gateway joins, leaves, joins, kill -9' })).toEqual([]);
  },
  TEST_MS,
);

test(
  'RULES 9: a gateway that hangs for longer than its session, and wakes when another has taken over',
  async () => {
    // Slower than the load, until it wakes: it hangs with many attempts in flight, and more events waiting.
    let slow = true;
    const site = await on.site({
      name: 'frozen-gateway',
      slowness: () => (slow ? 300 : 2) * (1 + Math.random()),
      settings: { TMF_HUB_LIMITS_CONCURRENCY: '16' },
    });
    const { gateway, other, disturbances } = site;
    const published = site.load.run({ events: EVENTS, seconds: scaled(30, 90) });
    await other.start();
    await site.share(1, 750);
    gateway.now.freeze();
    disturbances.push(killedAt(performance.now()));
    await until(async () => (await partitionsOf(other)) === 6, 'the other one has taken over', 60_000);
    disturbances.push(handedOver(performance.now()));
    await sleep(SESSION_MS);
    gateway.now.thaw();
    slow = false;
    // One stale request for each attempt that it had in flight (RULES 9).
    disturbances.push(brokenOff(performance.now()));
    await until(async () => (await partitionsOf(gateway)) === 3, 'it has its share again');
    await published;
    expect(await wrongs(site, { scenario: 'gateway: frozen beyond its session' })).toEqual([]);
  },
  TEST_MS,
);
