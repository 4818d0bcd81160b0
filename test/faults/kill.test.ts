import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';

const EVENTS = 20_000;
const KEYS = 300;
const KILLS = 3;
const PUBLISHERS = 32;
const HUB = '/tmf-api/productOrderingManagement/v4';

/** Attempts in flight (3 subscriptions of up to 32), and what one group commit covers at the rate of this test. */
const DUPLICATES_PER_KILL = 3 * 32 + 1_000;

const dir = mkdtempSync(join(tmpdir(), 'tmf-hub-kill-'));
const listeners: TestListener[] = [];
let gateway: GatewayProcess | undefined;

afterAll(async () => {
  await gateway?.kill();
  await Promise.all(listeners.map((listener) => listener.stop()));
  rmSync(dir, { recursive: true, force: true });
});

/** Publishes until everything has its 201; what has none is published again, in its place, after the restart. */
class Publisher {
  #pool: Pool | undefined;
  readonly confirmed = new Set<number>();

  connect(url: string): void {
    this.#pool = new Pool(url, { connections: PUBLISHERS, allowH2: false });
  }

  disconnect(): void {
    void this.#pool?.destroy();
    this.#pool = undefined;
  }

  /** One worker for each residue of the keys, so that the events of a key are published one after the other. */
  async run(): Promise<void> {
    const worker = async (residue: number): Promise<void> => {
      for (let i = residue; i < EVENTS; i += PUBLISHERS) {
        while (!(await this.#publish(i))) await until(() => this.#pool, 'a gateway to publish to');
        this.confirmed.add(i);
      }
    };
    await Promise.all(Array.from({ length: PUBLISHERS }, (_, residue) => worker(residue)));
  }

  async #publish(i: number): Promise<boolean> {
    const key = `order-${i % PUBLISHERS}-${i % KEYS}`;
    const event = { productOrder: { id: key, state: 'inProgress', note: 'x'.repeat(300) } };
    const body = JSON.stringify({ eventId: `e${i}`, eventType: 'ProductOrderStateChangeEvent', event });
    const headers = { 'content-type': 'application/json' };
    try {
      const answer = await this.#pool?.request({ method: 'POST', path: `${HUB}/event`, headers, body });
      await answer?.body.dump();
      return answer?.statusCode === 201;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return false;
    }
  }
}

test('promise 1, PITFALLS 9 and 10: kill -9 in the middle of 20,000 events for 3 subscriptions loses nothing', async () => {
  gateway = await GatewayProcess.start(dir);
  for (let i = 0; i < 3; i++) listeners.push(await TestListener.start());
  for (const { url } of listeners) {
    const body = JSON.stringify({ callback: `${url}/cb` });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${gateway.url}${HUB}/hub`, { method: 'POST', headers, body })).status).toBe(201);
  }
  const publisher = new Publisher();
  publisher.connect(gateway.url);
  const published = publisher.run();
  for (let kill = 1; kill <= KILLS; kill++) {
    const share = (EVENTS * kill) / (KILLS + 1);
    await until(() => (listeners[0]?.receipts.length ?? 0) > share, `${share} deliveries`, 60_000);
    publisher.disconnect();
    await gateway.kill();
    gateway = await GatewayProcess.start(dir);
    publisher.connect(gateway.url);
  }
  await published;
  const missing = (listener: TestListener): number => {
    const seen = new Set(listener.receipts.map((receipt) => receipt.event.eventId));
    return [...publisher.confirmed].filter((i) => !seen.has(`e${i}`)).length;
  };
  await until(() => listeners.every((listener) => missing(listener) === 0), 'everything delivered', 60_000);
  publisher.disconnect();

  for (const listener of listeners) {
    const firstSeen = new Map<string, number>();
    listener.receipts.forEach(({ event }, at) => {
      if (!firstSeen.has(event.eventId)) firstSeen.set(event.eventId, at);
    });
    expect(orderViolations(firstSeen)).toEqual([]);
    expect(listener.receipts.length - firstSeen.size).toBeLessThanOrEqual(KILLS * DUPLICATES_PER_KILL);
  }
}, 180_000);

/** First deliveries of one key that came after the first delivery of a later event of that key. */
function orderViolations(firstSeen: ReadonlyMap<string, number>): string[] {
  const latest = new Map<string, number>();
  const violations: string[] = [];
  for (let i = 0; i < EVENTS; i++) {
    const key = `order-${i % PUBLISHERS}-${i % KEYS}`;
    const at = firstSeen.get(`e${i}`) ?? Infinity;
    if (at < (latest.get(key) ?? -1)) violations.push(`e${i} of ${key}`);
    latest.set(key, at);
  }
  return violations;
}
