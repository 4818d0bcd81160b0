import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../scripts/services/ports.ts';
import { until } from '../../support/listener.ts';
import { handedOver } from '../judge.ts';
import { brokerAway } from './away.ts';
import { EVENTS, scaled } from '../scale.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';

const on = stage();

test(
  'promise 1: the broker is killed under load and comes back',
  async () => {
    const site = await on.site({ name: 'killed-broker' });
    const [node] = on.kafka.nodes;
    const awayMs = scaled(8_000, 20_000);
    const published = site.load.run({ events: EVENTS, seconds: scaled(20, 60) });
    await site.share(0.25, EVENTS);
    const from = performance.now();
    await node!.kill();
    await sleep(awayMs);
    await node!.start();
    site.disturbances.push(brokerAway(from, performance.now()));
    await published;
    expect(await wrongs(site, { scenario: `broker: kill -9, away for ${awayMs / 1000} s` })).toEqual([]);
  },
  TEST_MS,
);

test(
  'promise 1: the broker hangs for ten seconds under load',
  async () => {
    const site = await on.site({ name: 'frozen-broker' });
    const [node] = on.kafka.nodes;
    const published = site.load.run({ events: EVENTS, seconds: scaled(20, 60) });
    await site.share(0.25, EVENTS);
    const from = performance.now();
    node!.freeze();
    await sleep(10_000);
    node!.thaw();
    site.disturbances.push(brokerAway(from, performance.now()));
    await published;
    expect(await wrongs(site, { scenario: 'broker: frozen for 10 s' })).toEqual([]);
  },
  TEST_MS,
);

test(
  'a gateway that starts while Kafka is away says so, and heals by itself',
  async () => {
    const site = await on.site({ name: 'late-broker' });
    const [node] = on.kafka.nodes;
    const some = Math.floor(EVENTS / 5);
    await site.load.run({ events: some, seconds: 2 });
    await site.share(1, some);
    expect(await site.gateway.stop()).toBe(0);
    await node!.kill();

    // One that knows its subscriptions, and one that never ran.
    const started = await Promise.all(
      site.replicas.map(async (replica) => {
        const [port, adminPort] = await freePorts(2);
        const ports = { TMF_HUB_SERVER_PORT: String(port), TMF_HUB_ADMIN_PORT: String(adminPort) };
        const gateway = replica.launch(ports);
        return { gateway, port: port!, adminPort: adminPort! };
      }),
    );
    for (const { port, adminPort } of started) {
      const statusOf = (place: string): Promise<number | undefined> =>
        fetch(`http://127.0.0.1:${adminPort}${place}`).then(
          (answer) => answer.status,
          () => undefined,
        );
      await until(async () => (await statusOf('/healthz')) === 200, 'a gateway that lives');
      const readiness = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      expect(readiness.status).toBe(503);
      expect(await readiness.text()).toMatch(/127\.0\.0\.1:\d+/);
      const registration = await fetch(`http://127.0.0.1:${port}/hub`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ callback: site.listeners[0]!.url, query: '' }),
      });
      expect(registration.status).toBe(503);
    }
    // Long enough for everything that might give up.
    await sleep(5_000);
    await node!.start();
    site.disturbances.push(handedOver(performance.now()));
    const published = site.load.run({ events: EVENTS - some, seconds: scaled(10, 60) });
    for (const { gateway, adminPort } of started) {
      await gateway.listening();
      expect((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status).toBe(200);
    }
    await published;
    expect(await wrongs(site, { scenario: 'broker: away when the gateways start' })).toEqual([]);
  },
  TEST_MS,
);
