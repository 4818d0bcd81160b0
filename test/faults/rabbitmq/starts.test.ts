import { until } from '../../support/listener.ts';
import { askForHub, postHub, wronglyListed } from '../hub.ts';
import { killedAt } from '../judge.ts';
import { FEWER_EVENTS as EVENTS, scaled } from '../scale.ts';
import { TEST_MS, wrongs } from '../verdict.ts';
import { spreadEvenly } from './shares.ts';
import { stage } from './stage.ts';

const on = stage();

test(
  'two gateways that start at the same moment on empty stores make each declared subscription once',
  async () => {
    const site = await on.site({ name: 'both-at-once', subscriptions: 'declared' });
    await Promise.all(site.replicas.map((replica) => replica.start()));
    await until(async () => (await wronglyListed(site)).length === 0, 'both list the same').catch(
      () => undefined,
    );
    expect(await wronglyListed(site)).toEqual([]);
    await site.load.run({ events: EVENTS, seconds: scaled(8, 30) });
    expect(await wrongs(site, { scenario: '2 gateways: started at once on empty stores' })).toEqual([]);
    const queues = (await site.list('queues', 'name')).filter(([name = '']) => name.includes('.declared-'));
    expect(queues).toHaveLength(site.listeners.length);
  },
  TEST_MS,
);

const PRELOAD = new URL('../skewed-clock-child.ts', import.meta.url).href;
/** The first gateway's clock is fast by a minute. */
const fastClock = (replica: number): Record<string, string> =>
  replica === 0 ? { NODE_OPTIONS: `--import=${PRELOAD}`, SKEW_MS: '60000' } : {};

test(
  'RULES 9: of two gateways one has a clock that is a minute fast',
  async () => {
    const site = await on.site({ name: 'fast-clock', settings: fastClock });
    expect(clockOf(site.gateway.now.output) - clockOf(site.other.now.output)).toBeGreaterThan(50_000);
    let isOver = false;
    const published = site.load.run({ events: EVENTS, seconds: scaled(18, 60), goOn: () => !isOver });
    await spreadEvenly(site);
    // Made at one and ended at the other, both ways.
    for (const [from, to] of [site.replicas, site.replicas.toReversed()]) {
      const callback = `http://127.0.0.1:9/${from!.name}`;
      const { status, id = '' } = await postHub(from!, {
        callback,
        query: 'eventType=ProductOrderCreateEvent',
      });
      expect(status).toBe(201);
      await until(async () => (await askForHub(to!, id)) === 200, 'the other one knows it');
      expect(await askForHub(to!, id, 'DELETE')).toBe(204);
      await until(async () => (await askForHub(from!, id)) === 404, 'the first one has heard of its end');
    }
    for (const [i, replica] of site.replicas.entries()) {
      await site.share(0.3 * (i + 1), EVENTS);
      site.disturbances.push(killedAt(performance.now()));
      await replica.kill();
      await replica.start();
    }
    expect(await wronglyListed(site)).toEqual([]);
    await spreadEvenly(site);
    isOver = true;
    await published;
    expect(await wrongs(site, { scenario: '2 gateways: one clock a minute fast, both killed' })).toEqual([]);
  },
  TEST_MS,
);

/** When the gateway wrote its first line, by its own clock. */
function clockOf(output: readonly string[]): number {
  const line = output.find((one) => one.startsWith('{"level"')) ?? '{}';
  return Date.parse((JSON.parse(line) as { time: string }).time);
}
