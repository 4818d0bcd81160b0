import { killedAt } from '../judge.ts';
import { EVENTS, scaled } from '../scale.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';

const on = stage();

const KILLS = 10;

test(
  'promises 1, 2 and 4: the gateway is killed ten times under load',
  async () => {
    const site = await on.site({ name: 'killed-gateway' });
    // What it refuses has to become dead letters, through all the kills.
    site.listeners[2]!.refuses = (eventId) => eventId.endsWith('07');
    // Faster than it is delivered, with all the pauses: so each kill comes while a backlog is worked off.
    const published = site.load.run({ events: EVENTS, seconds: scaled(40, 60) });
    for (let kill = 1; kill <= KILLS; kill++) {
      await site.share(kill / (KILLS + 1), EVENTS);
      site.disturbances.push(killedAt(performance.now()));
      await site.gateway.kill();
      await site.gateway.start();
    }
    await published;
    expect(await wrongs(site, { scenario: `gateway: kill -9, ${KILLS} times` })).toEqual([]);
  },
  TEST_MS,
);
