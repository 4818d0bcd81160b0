import type { TestOutlet } from '../contracts/broker-outlet.ts';
import { Stage } from '../contracts/broker-stage.ts';
import { LogSite } from './log-site.ts';

let site: LogSite;
let stage: Stage;

beforeEach(async () => {
  site = new LogSite();
  stage = new Stage(site);
  await stage.start();
});

afterEach(() => stage.close());

/** When `taker` is asked for room and has none, it takes it from what `giver` holds. */
function takesRoomFrom(taker: TestOutlet, giver: TestOutlet): void {
  taker.whenFull = () => {
    taker.whenFull = () => undefined;
    for (const delivery of giver.offered) giver.evict(delivery);
    taker.take(100);
  };
}

describe('RULES 16: an eviction in the middle of an offer', () => {
  test('at the head: who was evicted gets all of it again, the others go on', async () => {
    const giver = await stage.attach('giver', 'new', { room: 5, settles: false });
    const taker = await stage.attach('taker', 'new', { room: 5 });
    const free = await stage.attach('free');
    const held = await stage.publishMany('held', 5);
    await stage.untilOffered(taker, held);
    takesRoomFrom(taker, giver);
    const more = await stage.publishMany('more', 10);
    await stage.untilOffered(taker, [...held, ...more]);
    await stage.untilOffered(free, [...held, ...more]);
    expect(giver.offered).toHaveLength(5);
    giver.give(100);
    await stage.untilOffered(giver, [...held, ...held, ...more]);
  });

  test('at the head: who has just been found full may be the one that is evicted', async () => {
    const [first, second] = [
      await stage.attach('first', 'new', { room: 5, settles: false }),
      await stage.attach('second', 'new', { room: 5 }),
    ];
    const held = await stage.publishMany('held', 5);
    await stage.untilOffered(second, held);
    takesRoomFrom(second, first);
    const [next, after] = [await stage.publishMany('next', 3), await stage.publishMany('after', 3)];
    await stage.untilOffered(second, [...held, ...next, ...after]);
    first.give(100);
    await stage.untilOffered(first, [...held, ...held, ...next, ...after]);
  });

  test('among the laggards: who was evicted gets all of it again, the others go on', async () => {
    const ahead = await stage.attach('ahead');
    const giver = await stage.attach('giver', 'new', { room: 0, settles: false });
    const taker = await stage.attach('taker', 'new', { room: 0 });
    const ids = await stage.publishMany('e', 30, { key: 'k' });
    await stage.untilOffered(ahead, ids);
    giver.give(20);
    await stage.until(() => giver.offered.length === 20);
    takesRoomFrom(taker, giver);
    taker.give(0);
    await stage.untilOffered(taker, ids);
    giver.give(100);
    await stage.untilOffered(giver, [...ids.slice(0, 20), ...ids]);
  });
});
