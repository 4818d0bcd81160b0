import { until } from '../../support/listener.ts';
import { handedOver } from '../judge.ts';
import { EVENTS, scaled } from '../scale.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';

const on = stage();

/** An operator is told "within a minute"; the rest is the looking itself. */
const ADOPTED_WITHIN_MS = 100_000;

test(
  'RULES 5 and 6: an operator deletes offsets of one group and resets another, while the gateway runs',
  async () => {
    const site = await on.site({ name: 'operator' });
    const { tools, topic, listeners } = site;
    const [deleted, reset] = (await site.subscriptionIds()).map((id) => `${site.name}.${id}`);
    const published = site.load.run({ events: EVENTS, seconds: scaled(15, 60) });
    await site.share(0.5, EVENTS);
    await tools.deleteOffsets(deleted!, topic);
    await published;
    await site.share(1, EVENTS);
    const isAtEnd = async (group: string): Promise<boolean> => {
      const rows = (await tools.describeGroup(group).catch(() => [])).filter((row) => row.topic === topic);
      return rows.length === 6 && rows.every(({ current, end }) => current === end);
    };
    await until(() => isAtEnd(deleted!), 'its offsets committed again', 60_000);
    await until(() => isAtEnd(reset!), 'all committed', 60_000);

    // Now that the topic is quiet.
    await tools.deleteOffsets(deleted!, topic);
    await tools.resetOffsets(reset!, topic, '--to-earliest');
    const from = performance.now();
    site.disturbances.push(handedOver(from));
    await until(
      () => listeners[1]!.receipts.length >= 2 * EVENTS,
      'everything again',
      ADOPTED_WITHIN_MS + EVENTS,
    );
    await until(() => isAtEnd(deleted!), 'its offsets are back', ADOPTED_WITHIN_MS);
    const again = listeners[1]!.receipts.slice(EVENTS);
    expect(again[0]!.at - from).toBeLessThan(ADOPTED_WITHIN_MS);
    expect(orderOfKeys(again)).toEqual([]);
    expect(
      await wrongs(site, {
        scenario: 'operator: offsets deleted, and reset to the earliest',
        repeats: [0, EVENTS, 0],
      }),
    ).toEqual([]);
    // The one whose offsets were deleted did not start again, and the third was left alone.
    expect(listeners.map(({ receipts }) => receipts.length)).toEqual([EVENTS, 2 * EVENTS, EVENTS]);
  },
  TEST_MS,
);

test(
  'RULES 5: a group is deleted while no gateway runs; its subscription resumes from where it started',
  async () => {
    const site = await on.site({ name: 'deleted-group', early: 100 });
    const { tools, load, gateway, listeners } = site;
    const half = Math.floor(EVENTS / 2);
    await load.run({ events: half, seconds: scaled(5, 30) });
    await site.share(1, half);
    const [deleted] = (await site.subscriptionIds()).map((id) => `${site.name}.${id}`);
    expect(await gateway.stop()).toBe(0);
    await tools.deleteGroup(deleted!);
    const published = load.run({ events: EVENTS - half, seconds: scaled(5, 30) });
    site.disturbances.push(handedOver(performance.now()));
    await gateway.start();
    await published;
    expect(
      await wrongs(site, {
        scenario: 'operator: group deleted while the gateway is down',
        repeats: [half, 0, 0],
      }),
    ).toEqual([]);
    // All of it came again, and nothing from before the subscription.
    expect(listeners[0]!.receipts.length).toBeGreaterThanOrEqual(half + EVENTS);
  },
  TEST_MS,
);

/** Keys whose events did not come one after the other. */
function orderOfKeys(receipts: readonly { key: string; sequence: number }[]): string[] {
  const latest = new Map<string, number>();
  return receipts.flatMap(({ key, sequence }) => {
    const before = latest.get(key) ?? -1;
    latest.set(key, sequence);
    return sequence === before + 1 ? [] : [`${key}: ${sequence} after ${before}`];
  });
}
