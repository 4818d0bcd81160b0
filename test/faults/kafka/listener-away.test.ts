import { setTimeout as sleep } from 'node:timers/promises';
import { brokenOff, longestGap } from '../judge.ts';
import { EVENTS, scaled } from '../scale.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';

const on = stage();

test(
  'promises 1 to 3: a listener is away for a while; its events wait in order, and the others notice nothing',
  async () => {
    // Any event that were only tried again and again would be a dead letter long before the listener is back.
    const site = await on.site({ name: 'away-listener', settings: { TMF_HUB_RETRY_DELAYS: '500ms,1s,2s' } });
    const [away, ...others] = site.listeners;
    const awayMs = scaled(15_000, 60_000);
    const published = site.load.run({ events: EVENTS, seconds: scaled(25, 90) });
    await site.share(0.2, EVENTS);
    await away!.leave();
    await sleep(awayMs);
    await away!.return();
    const back = performance.now();
    // Requests that it had in flight as it went.
    site.disturbances.push(brokenOff(back));
    await published;
    expect(await wrongs(site, { scenario: `listener: away for ${awayMs / 1000} s` })).toEqual([]);
    for (const { receipts } of others) expect(longestGap(receipts)).toBeLessThan(2_000);
  },
  TEST_MS,
);
