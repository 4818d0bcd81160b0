import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';
import { forgetEverythingOf, sharedRabbitmq } from '../support/rabbitmq.ts';
import { uniqueName } from '../support/shared-service.ts';
import { PACE } from './broker-site.ts';
import { alarm, ALARMS, EVENTS, got, postTo } from './topics-site.ts';

/** A queue lets in what its bindings name: hubs of topics take types that no catalogue has. */

let url: string;
beforeAll(async () => void ({ url } = await sharedRabbitmq()), 120_000);

test('the queue of a topic hub lets in every type that its query wants, over a crash', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmf-hub-topics-'));
  const listener = await TestListener.start();
  const name = uniqueName('topics');
  const exchange = uniqueName('events');
  const subscriptions: string[] = [];
  const start = () =>
    GatewayProcess.start(dir, {
      ...PACE,
      ...{ TMF_HUB_NAME: name, TMF_HUB_BROKER: 'rabbitmq', TMF_HUB_RABBITMQ_URL: url },
      ...{ TMF_HUB_RABBITMQ_EXCHANGES: exchange, TMF_HUB_TOPICS_OTHER: exchange },
      TMF_HUB_TOPICS_ASSURANCE: exchange,
    });
  let gateway = await start();
  try {
    const topic = await postTo(gateway, `${EVENTS}/topic`, {});
    const hubs = `${EVENTS}/topic/${topic}/hub`;
    for (const [path, callback, query] of [
      [hubs, '/all', 'alarm.id=known,unknown,ordinary'],
      [hubs, '/named', 'eventType=SiteVisitedEvent,AlarmCreateEvent'],
      [hubs, '/known', 'eventType=AlarmCreateEvent'],
      ['/hub', '/global', 'domain=Paris'],
    ] as const) {
      const id = await postTo(gateway, path, { callback: listener.url + callback, query });
      subscriptions.push(id);
    }
    await postTo(gateway, `${EVENTS}/topic/${topic}/event`, alarm('known', 'MINOR'));
    await postTo(gateway, `${EVENTS}/topic/${topic}/event`, alarm('unknown', 'MINOR', 'SiteVisitedEvent'));
    await gateway.kill();
    gateway = await start();
    await postTo(gateway, `${ALARMS}/event`, alarm('ordinary', 'MINOR'));

    await until(() => got(listener, '/all').length === 3, 'three at the hub of all types');
    await until(() => got(listener, '/named').length === 3, 'three at the hub that names them');
    await until(() => got(listener, '/known').length === 2, 'two at the hub of one type');
    await until(() => got(listener, '/global').length === 1, 'one at the global hub');
    expect(got(listener, '/known')).toEqual(['known', 'ordinary']);
    expect(got(listener, '/global')).toEqual(['ordinary']);
  } finally {
    await gateway.kill();
    await listener.stop();
    await forgetEverythingOf(name, { subscriptions, sources: [exchange] });
    rmSync(dir, { recursive: true, force: true });
  }
}, 90_000);
