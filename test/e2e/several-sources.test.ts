import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/services/ports.ts';
import { startRabbitmq, type Rabbitmq } from '../../scripts/services/rabbitmq.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { sharedKafka } from '../support/kafka.ts';
import { TestListener, until } from '../support/listener.ts';
import { uniqueName } from '../support/shared-service.ts';
import * as site from './broker-site.ts';
import { deadLetters, explain, gotBy, idsOf, produce, publish, readiness, register } from './broker-site.ts';

/** One gateway that Kafka (`bss`) and RabbitMQ (`oss`) feed. What is published through it goes to Kafka. */

/** Of one test: its gateways start several times, each time with a machine that has other things to do. */
const LIMIT_MS = 90_000;

let brokers: string[];
let rabbit: Rabbitmq;
let topic: string;
let exchange: string;
let dir: string;
let settings: Record<string, string>;
let gateway: GatewayProcess;
let listener: TestListener;

beforeAll(async () => {
  [{ brokers }, rabbit] = await Promise.all([sharedKafka(), startRabbitmq()]);
}, 180_000);

afterAll(async () => {
  await rabbit.end();
});

beforeEach(async () => {
  topic = uniqueName('orders');
  exchange = uniqueName('services');
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-sources-'));
  const file = join(dir, 'gateway.yaml');
  writeFileSync(file, JSON.stringify(configuration()));
  settings = { ...site.PACE, TMF_HUB_CONFIG: file };
  listener = await TestListener.start();
  gateway = await GatewayProcess.start(dir, settings);
}, 60_000);

afterEach(async () => {
  await gateway.kill();
  await listener.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** YAML, too. */
function configuration(): object {
  return {
    name: uniqueName('e2e'),
    sources: [
      { name: 'bss', broker: 'kafka', kafka: { brokers, topics: [topic], partitions: 2 } },
      { name: 'oss', broker: 'rabbitmq', rabbitmq: { url: rabbit.url, exchanges: [exchange] } },
    ],
    topics: { ordering: topic },
    callbacks: { allow: ['127.0.0.0/8'] },
  };
}

/** Rejects unless RabbitMQ has it. */
function toRabbit(...ids: string[]): Promise<void> {
  return produce(
    rabbit.url,
    exchange,
    ids.map((eventId) => ({ eventId, key: 'one' })),
  );
}

async function toBoth(kafka: string, rabbitmq: string): Promise<void> {
  await publish(gateway, kafka, 'one');
  await toRabbit(rabbitmq);
}

const subscribe = (): Promise<string> => register(gateway, `${listener.url}/cb`);

test(
  'a subscription gets the events of both; status, explain and trace speak of both',
  async () => {
    const isReady = async () => {
      const { ready, parts } = await readiness(gateway);
      return ready && ['registry', 'bss', 'oss'].every((part) => parts[part]?.ok);
    };
    await until(isReady, 'ready, with the registry and both sources');
    const id = await subscribe();
    await toBoth('k1', 'r1');
    await until(() => gotBy(listener).length === 2, 'the events of both');
    await until(async () => (await site.view(gateway, id))['lag'] === 0, 'no lag');
    const { positions } = await site.view(gateway, id);
    expect(Object.keys(positions as object)).toEqual([`${topic}:0`, `${topic}:1`]);
    expect((await explain(gateway, id, 'k1')).json).toMatchObject({
      ...{ verdict: 'delivered', source: { broker: 'bss', topic } },
    });
    expect((await explain(gateway, id, 'r1')).json).toMatchObject({
      ...{ verdict: 'delivered', source: { broker: 'oss', topic: exchange, routingKey: site.TYPE } },
    });
    expect(await site.verdict(gateway, id, 'nowhere')).toBe('unknown-event');
    const trace = (await site.send('GET', `${gateway.admin}/admin/trace/c-one`)).json;
    const events = (trace as { events: { eventId: string; deliveries: unknown[] }[] }).events;
    expect(events.map(({ eventId }) => eventId).toSorted()).toEqual(['k1', 'r1']);
    for (const { deliveries } of events)
      expect(deliveries).toMatchObject([{ subscriptionId: id, verdict: 'delivered' }]);
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    for (const part of ['registry', 'bss', 'oss'])
      expect(metrics).toContain(`tmf_hub_part_up{part="${part}"} 1`);
  },
  LIMIT_MS,
);

test(
  'dead letters of both stand in one list, survive kill -9, and are replayed together',
  async () => {
    const id = await subscribe();
    listener.answers(() => 422);
    await toBoth('k1', 'r1');
    await until(async () => (await deadLetters(gateway)).length === 2, 'two dead letters');
    const letters = await deadLetters(gateway);
    expect(Object.fromEntries(letters.map(({ eventId, source }) => [eventId, source.broker]))).toEqual({
      ...{ k1: 'bss', r1: 'oss' },
    });
    expect(await site.verdict(gateway, id, 'r1')).toBe('dead-letter');
    const counts = await site.send('GET', `${gateway.admin}/admin/dead-letters?groupBy=reason`);
    expect(counts.json).toEqual({ counts: { rejected: 2 }, total: 2 });
    expect(idsOf(listener.receipts).toSorted()).toEqual(['k1', 'r1']);

    await gateway.kill();
    listener.answers(() => 204);
    listener.receipts.length = 0;
    gateway = await GatewayProcess.start(dir, settings);
    expect(await deadLetters(gateway)).toEqual(letters);
    const many = await site.send('POST', `${gateway.admin}/admin/dead-letters/replay`, { filter: {} });
    expect(many).toMatchObject({ status: 202, json: { accepted: 2 } });
    await until(() => site.replayed(listener).length === 2, 'both replayed');
    for (const letter of letters)
      await until(async () => (await site.stateOf(gateway, letter.id)) === 'replayed', 'said so');
    expect(gotBy(listener)).toEqual(['k1', 'r1']);
  },
  LIMIT_MS,
);

test(
  'replays: by time from both, by event id from the one that has it',
  async () => {
    const id = await subscribe();
    await toBoth('k1', 'r1');
    await toBoth('k2', 'r2');
    await until(() => gotBy(listener).length === 4, 'live deliveries');
    const from = new Date(Date.now() - 3_600_000).toISOString();
    expect((await site.act(gateway, id, 'replay', { from })).status).toBe(202);
    await until(() => site.replayed(listener).length === 4, 'the replay of both');
    const of = (letter: string): string[] => site.replayed(listener).filter((one) => one.startsWith(letter));
    expect([of('k'), of('r')]).toEqual([
      ['k1', 'k2'],
      ['r1', 'r2'],
    ]);
    for (const [eventId, last] of [
      ['r2', 'r2'],
      ['k2', 'k2'],
    ] as const) {
      listener.receipts.length = 0;
      expect((await site.act(gateway, id, 'replay', { from: { eventId } })).status).toBe(202);
      await until(() => site.replayed(listener).includes(last), 'the replay from one event');
      expect(site.replayed(listener)).toEqual([eventId]);
    }
  },
  LIMIT_MS,
);

test(
  'RabbitMQ stops: the events of Kafka flow, readiness names the one that is away, and it heals',
  async () => {
    const id = await subscribe();
    await toBoth('k1', 'r1');
    await until(() => gotBy(listener).length === 2, 'the events of both');
    // Those of RabbitMQ that are not delivered yet when it stops.
    expect((await site.act(gateway, id, 'pause')).status).toBe(200);
    await toRabbit('r2', 'r3');
    await rabbit.stop();
    await until(async () => !(await readiness(gateway)).ready, 'not ready');
    expect(await readiness(gateway)).toMatchObject({
      status: 503,
      parts: {
        ...{ registry: { ok: true }, bss: { ok: true } },
        oss: { ok: false, reason: expect.any(String) as string },
      },
    });
    expect((await site.send('GET', `${gateway.admin}/healthz`)).status).toBe(200);
    expect((await site.act(gateway, id, 'resume')).status).toBe(200);
    await publish(gateway, 'k2', 'one');
    await until(() => gotBy(listener).includes('k2'), 'Kafka goes on');
    expect(await site.verdict(gateway, id, 'k2')).toBe('delivered');
    expect(await explain(gateway, id, 'r2')).toMatchObject({
      status: 503,
      json: { message: expect.stringContaining('oss') as string },
    });
    const late = { callback: `${listener.url}/late`, query: '' };
    expect((await site.send('POST', site.hubOf(gateway), late)).status).toBe(503);

    await rabbit.start();
    await until(async () => (await readiness(gateway)).ready, 'ready again', 60_000);
    await until(() => gotBy(listener).includes('r3'), 'what RabbitMQ had kept');
    await toBoth('k3', 'r4');
    await until(() => gotBy(listener).length === 7, 'the events of both again');
    expect(gotBy(listener)).toEqual(['k1', 'k2', 'k3', 'r1', 'r2', 'r3', 'r4']);
    await until(async () => (await site.view(gateway, id))['lag'] === 0, 'no lag');
  },
  LIMIT_MS,
);

test(
  'RabbitMQ is away at the start and at the end: waited for, and no reason to stay',
  async () => {
    await gateway.kill();
    await rabbit.stop();
    const [port = 0] = await freePorts(1);
    gateway = GatewayProcess.launch(dir, { ...settings, TMF_HUB_ADMIN_PORT: `${port}` });
    const admin = `http://127.0.0.1:${port}`;
    const parts = async () => (await readiness({ admin }).catch(() => undefined))?.parts;
    expect(await until(parts, 'the admin port')).toMatchObject({ oss: { ok: false } });
    expect((await site.send('GET', `${admin}/healthz`)).status).toBe(200);
    await rabbit.start();
    await gateway.listening();
    await subscribe();
    await toBoth('k1', 'r1');
    await until(() => gotBy(listener).length === 2, 'the events of both');
    await rabbit.kill();
    expect(await gateway.stop()).toBe(0);
    await rabbit.start();
  },
  LIMIT_MS,
);
