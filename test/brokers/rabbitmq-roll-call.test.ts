import fc from 'fast-check';
import { RollCallSite } from './rabbitmq-roll-call-site.ts';

const GONE_MS = 5_000;
/** Between two calls of one replica, and two looks at who is missing. */
const CALL_MS = 1_000;

describe('who is there', () => {
  test('a replica alone knows itself, from the start on', async () => {
    const site = new RollCallSite();
    const a = site.start('a');
    expect(a.members).toBe('a');
    await site.clock.advance(60_000);
    expect(a.members).toBe('a');
    expect(a.history).toEqual([]);
  });

  test('all know all within two calls, sorted, whatever the order in which they came', async () => {
    const site = new RollCallSite();
    const all = ['c', 'a', 'b'].map((id) => site.start(id));
    await site.clock.advance(2 * CALL_MS);
    expect(all.map(({ members }) => members)).toEqual(['a b c', 'a b c', 'a b c']);
  });

  test('a replica that comes later is heard at once', async () => {
    const site = new RollCallSite();
    const [a] = await site.startAll('a', 'b');
    site.start('c');
    await site.clock.advance(20);
    expect(a?.members).toBe('a b c');
  });

  test('nobody is told of a change where there is none', async () => {
    const site = new RollCallSite();
    const [a] = await site.startAll('a', 'b');
    expect(a?.history).toEqual(['a b']);
    await site.clock.advance(10 * 60_000);
    expect(a?.history).toEqual(['a b']);
  });
});

describe('who is gone', () => {
  test('one that dies, after 5 seconds of the listener, and not before', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    b?.die();
    await site.clock.advance(GONE_MS - CALL_MS);
    expect(a?.members).toBe('a b');
    await site.clock.advance(2 * CALL_MS + 10);
    expect(a?.members).toBe('a');
  });

  test('one that says so, at once', async () => {
    const site = new RollCallSite();
    const [a, b, c] = await site.startAll('a', 'b', 'c');
    b?.rollCall.stop();
    await site.clock.advance(10);
    expect([a?.members, c?.members]).toEqual(['a c', 'a c']);
    await site.clock.advance(60_000);
    expect(a?.history.slice(-1)).toEqual(['a c']);
  });

  test('one that has left stays away, though its connections come back while it ends', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    b?.die();
    b?.rollCall.stop();
    await site.clock.advance(2 * GONE_MS);
    b?.hearing.mend();
    b?.publishing.mend();
    await site.clock.advance(2 * CALL_MS);
    expect(a?.members).toBe('a');
  });

  test('it comes back when it calls again', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    b?.publishing.cut();
    await site.clock.advance(GONE_MS + 2 * CALL_MS);
    expect(a?.members).toBe('a');
    b?.publishing.mend();
    await site.clock.advance(20);
    expect(a?.members).toBe('a b');
  });
});

describe('wall clocks', () => {
  test('that differ by a minute change nothing', async () => {
    const site = new RollCallSite();
    const all = [-60_000, 0, 60_000].map((aheadMs, at) => site.start(`${at}`, { aheadMs }));
    await site.clock.advance(2 * 60_000);
    expect(all.map(({ members }) => members)).toEqual(['0 1 2', '0 1 2', '0 1 2']);
    expect(all.map(({ history }) => history.at(-1))).toEqual(['0 1 2', '0 1 2', '0 1 2']);
    all[2]?.die();
    await site.clock.advance(GONE_MS + 2 * CALL_MS);
    expect(all.slice(0, 2).map(({ members }) => members)).toEqual(['0 1', '0 1']);
  });

  test('that are set by a minute change nothing', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    for (const aheadMs of [60_000, -60_000]) {
      if (a) a.clock.aheadMs = aheadMs;
      await site.clock.advance(10 * CALL_MS);
    }
    expect(a?.history).toEqual(['a b']);
    expect(b?.history.at(-1)).toBe('a b');
    if (a) a.clock.aheadMs = -120_000;
    b?.die();
    await site.clock.advance(GONE_MS + 2 * CALL_MS);
    expect(a?.members).toBe('a');
  });
});

describe('who does not hear itself', () => {
  test('keeps those it knew', async () => {
    const site = new RollCallSite();
    const [a, b, c] = await site.startAll('a', 'b', 'c');
    a?.hearing.cut();
    await site.clock.advance(60_000);
    expect(a?.members).toBe('a b c');
    // Its calls are heard all the same.
    expect([b?.members, c?.members]).toEqual(['a b c', 'a b c']);
  });

  test('keeps them too when it cannot call', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    a?.publishing.cut();
    b?.die();
    await site.clock.advance(60_000);
    expect(a?.members).toBe('a b');
  });

  test('has lost nobody once it hears again, whenever it began and ended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), fc.nat(15_000), fc.boolean(), async (cutMs, silentMs, canCall) => {
        const site = new RollCallSite();
        const [a, b] = await site.startAll('a', 'b', 'c');
        await site.clock.advance(cutMs);
        a?.hearing.cut();
        if (!canCall) a?.publishing.cut();
        const before = a?.history.length;
        await site.clock.advance(silentMs);
        a?.hearing.mend();
        if (!canCall) a?.publishing.mend();
        await site.clock.advance(10 * CALL_MS);
        expect(a?.history.slice(before)).toEqual([]);
        b?.die();
        await site.clock.advance(GONE_MS + 2 * CALL_MS);
        expect(a?.members).toBe('a c');
      }),
      { numRuns: 200 },
    );
  });

  test('notices who died meanwhile, once it hears again', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b', 'c');
    a?.hearing.cut();
    await site.clock.advance(10_000);
    b?.die();
    a?.hearing.mend();
    await site.clock.advance(GONE_MS + 3 * CALL_MS);
    expect(a?.members).toBe('a c');
  });
});

describe('listening and calling', () => {
  test('begin once the connections are there', async () => {
    const site = new RollCallSite();
    const [a] = await site.startAll('a');
    const b = site.start('b');
    b.die();
    await site.clock.advance(2 * GONE_MS);
    b.hearing.mend();
    b.publishing.mend();
    await site.clock.advance(2 * CALL_MS);
    expect([a?.members, b.members]).toEqual(['a b', 'a b']);
  });

  test.each([1, 2, 5])('are tried again when %i channels are refused', async (refusals) => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    for (const link of [a?.hearing, a?.publishing]) {
      if (!link) continue;
      link.refusals = refusals;
      link.closeChannels();
    }
    await site.clock.advance((refusals + 3) * CALL_MS);
    b?.rollCall.stop();
    await site.clock.advance(10);
    expect(a?.members).toBe('a');
    site.start('c');
    await site.clock.advance(10 + 2 * CALL_MS);
    expect(a?.members).toBe('a c');
  });

  test('go on when somebody deletes the queue that is listened to', async () => {
    const site = new RollCallSite();
    const [a, b] = await site.startAll('a', 'b');
    site.server.cancelAll();
    await site.clock.advance(3 * CALL_MS);
    b?.rollCall.stop();
    await site.clock.advance(10);
    expect(a?.members).toBe('a');
  });

  test('take one consumer and two channels, however often connections come and go', async () => {
    const site = new RollCallSite();
    const a = site.add('a');
    a.hearing.mend();
    a.publishing.mend();
    a.rollCall.start();
    for (let at = 0; at < 5; at++) {
      await site.clock.advance(CALL_MS);
      expect(site.server.listening).toBe(1);
      expect(a.hearing.channels + a.publishing.channels).toBe(2);
      a.die();
      a.hearing.mend();
      a.publishing.mend();
    }
    expect(a.members).toBe('a');
  });

  test('do not begin before the start', async () => {
    const site = new RollCallSite();
    const [a] = await site.startAll('a');
    const unstarted = site.add('b');
    unstarted.hearing.mend();
    unstarted.publishing.mend();
    await site.clock.advance(CALL_MS);
    expect(a?.members).toBe('a');
    unstarted.rollCall.start();
    await site.clock.advance(CALL_MS);
    expect([a?.members, unstarted.members]).toEqual(['a b', 'a b']);
  });
});
