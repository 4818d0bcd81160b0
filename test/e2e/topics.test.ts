import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';
import { alarm, ALARMS, EVENTS, got, postTo } from './topics-site.ts';
import { PACE, send } from './broker-site.ts';

/** Topics and their hubs on a whole gateway, killed and started again. */

const LIMIT_MS = 90_000;

let dir: string;
let gateway: GatewayProcess;
let listener: TestListener;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-topics-'));
  listener = await TestListener.start();
});

afterEach(async () => {
  await gateway.kill();
  await listener.stop();
  rmSync(dir, { recursive: true, force: true });
});

const post = (path: string, body: object) => postTo(gateway, path, body);

/** A topic for critical alarms of Paris, with a hub that wants them all; and what else might get its events. */
async function prepare(): Promise<{ topic: string; hub: string }> {
  const filters = { headerQuery: 'domain=Paris', contentQuery: 'alarm.perceivedSeverity=CRITICAL' };
  const topic = await post(`${EVENTS}/topic`, { name: 'critical', ...filters });
  const other = await post(`${EVENTS}/topic`, { name: 'other', ...filters });
  const hub = await post(`${EVENTS}/topic/${topic}/hub`, { callback: `${listener.url}/topic` });
  await post(`${EVENTS}/topic/${other}/hub`, { callback: `${listener.url}/other` });
  await post(`${ALARMS}/hub`, { callback: `${listener.url}/alarms` });
  await post(`${EVENTS}/hub`, { callback: `${listener.url}/events` });
  await post('/hub', { callback: `${listener.url}/global`, query: 'domain=Paris' });
  return { topic, hub };
}

test(
  'what is posted to a topic reaches its hubs alone, what matches reaches them too, over a crash',
  async () => {
    gateway = await GatewayProcess.start(dir, PACE);
    const { topic, hub } = await prepare();
    const events = `${EVENTS}/topic/${topic}/event`;
    // Nobody takes anything before the crash: all of it is owed after it.
    listener.answers(() => 503);
    await post(events, alarm('posted', 'CRITICAL'));
    await post(events, alarm('own type', 'CRITICAL', 'SiteVisitedEvent'));
    await post(events, alarm('posted, filtered', 'MINOR'));
    await post(`${ALARMS}/event`, alarm('ordinary', 'CRITICAL'));
    await post(`${ALARMS}/event`, alarm('ordinary, filtered', 'MINOR'));
    await gateway.kill();
    listener.answers(() => 204);
    listener.receipts.length = 0;
    gateway = await GatewayProcess.start(dir, PACE);

    await until(() => got(listener, '/topic').length === 3, 'three at the topic');
    await until(() => got(listener, '/global').length === 2, 'two at the global hub');
    await until(() => got(listener, '/alarms').length === 2, 'two at the hub of alarms');
    expect(got(listener, '/topic').sort()).toEqual(['ordinary', 'own type', 'posted']);
    expect(got(listener, '/other')).toEqual(['ordinary']);
    expect(got(listener, '/alarms').sort()).toEqual(['ordinary', 'ordinary, filtered']);
    expect(got(listener, '/global').sort()).toEqual(['ordinary', 'ordinary, filtered']);
    expect(got(listener, '/events')).toEqual([]);

    const found = await send('GET', `${gateway.url}${events}/posted`);
    expect([found.status, found.json]).toEqual([200, expect.objectContaining({ eventId: 'posted' })]);
    expect((await send('GET', `${gateway.url}${events}/ordinary`)).status).toBe(404);

    const { json } = await send('GET', `${gateway.admin}/admin/subscriptions/${hub}`);
    expect(json).toMatchObject({
      scope: { api: null, topic: { id: topic, headerQuery: 'domain=Paris' } },
      lag: 0,
    });
    const explained = async (id: string, eventId: string) =>
      (await send('GET', `${gateway.admin}/admin/subscriptions/${id}/explain?eventId=${eventId}`)).json;
    expect(await explained(hub, 'posted')).toMatchObject({ verdict: 'delivered' });
    expect(await explained(hub, 'posted, filtered')).toMatchObject({
      verdict: 'filtered',
      reason: expect.stringContaining('CRITICAL') as string,
    });
    const { items } = (await send('GET', `${gateway.admin}/admin/subscriptions`)).json as {
      items: { id: string; callback: string }[];
    };
    for (const { id, callback } of items.filter((one) => one.id !== hub)) {
      expect([callback, await explained(id, 'posted')]).toEqual([
        callback,
        expect.objectContaining({
          verdict: 'out-of-scope',
          reason: expect.stringContaining(topic) as string,
        }),
      ]);
    }
  },
  LIMIT_MS,
);
