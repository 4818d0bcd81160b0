import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddedLog } from '../../src/brokers/embedded/embedded-log.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startGateway, type Gateway } from '../../src/gateway.ts';
import { silentLogger } from '../../src/logger.ts';
import { sleep, systemClock } from '../../src/time.ts';

const TOPIC = 'bss.ordering.events';
const TYPE = 'ProductOrderStateChangeEvent';
const HUB = '/tmf-api/productOrderingManagement/v4/hub';
const KEYS = 200;

/** One TMF event of 1.5 KB; the empty eventId and the key are filled in. */
export const BODY = JSON.stringify({
  eventId: '',
  eventTime: '2026-01-01T00:00:00.000Z',
  eventType: TYPE,
  correlationId: 'bench',
  domain: 'ordering',
  title: 'An order went on',
  event: { productOrder: { id: 'key', state: 'inProgress', note: 'x'.repeat(1250) } },
});

/** A gateway on the embedded broker in a folder of its own, run in this process. */
export class Site {
  readonly dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
  #gateway: Gateway | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.#gateway?.port ?? 0}`;
  }

  async start(): Promise<void> {
    const env = {
      TMF_HUB_DATA_DIR: this.dir,
      TMF_HUB_SERVER_PORT: '0',
      TMF_HUB_SERVER_HOST: '127.0.0.1',
      TMF_HUB_ADMIN_PORT: '0',
      TMF_HUB_CALLBACKS_ALLOW: '127.0.0.0/8',
      TMF_HUB_LOG_LEVEL: 'error',
    };
    const loaded = loadConfig({ env });
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
    this.#gateway = await startGateway(loaded.config, { logger: silentLogger });
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    this.#gateway = undefined;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Registers `count` subscriptions for one event type, a callback each. */
  async subscribe(count: number, callback: (i: number) => string, eventType = TYPE): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 50) {
      const some = Array.from({ length: Math.min(50, count - i) }, async (_, j) => {
        const body = JSON.stringify({ callback: callback(i + j), query: `eventType=${eventType}` });
        const answer = await fetch(this.url + HUB, { method: 'POST', headers: JSON_TYPE, body });
        if (answer.status !== 201) throw new Error(await answer.text());
        return ((await answer.json()) as { id: string }).id;
      });
      ids.push(...(await Promise.all(some)));
    }
    return ids;
  }

  async set(action: 'pause' | 'resume', ids: readonly string[]): Promise<void> {
    const admin = `http://127.0.0.1:${this.#gateway?.adminPort ?? 0}/admin/subscriptions`;
    await Promise.all(ids.map((id) => fetch(`${admin}/${id}/${action}`, { method: 'POST' })));
  }

  /** Resolves when the subscription has passed all that is in the log. */
  async atHead(id: string): Promise<void> {
    const url = `http://127.0.0.1:${this.#gateway?.adminPort ?? 0}/admin/subscriptions/${id}`;
    while (((await (await fetch(url)).json()) as { lag: number }).lag > 0) await sleep(systemClock, 20);
  }

  /** Writes events into the log while the gateway is stopped. */
  async fill(count: number): Promise<void> {
    const log = createEmbeddedLog({
      dir: this.dir,
      name: 'embedded',
      topics: [TOPIC],
      partitionsPerTopic: 2,
      retention: {},
      clock: systemClock,
      logger: silentLogger,
    });
    await log.start({ assigned: () => Promise.resolve(), revoked: () => Promise.resolve() });
    for (let i = 0; i < count; i += 1000) {
      const some = Array.from({ length: Math.min(1000, count - i) }, (_, j) => {
        const key = `key-${(i + j) % KEYS}`;
        const value = Buffer.from(
          BODY.replace('"eventId":""', `"eventId":"e${i + j}"`).replace('"key"', `"${key}"`),
        );
        return log.append({ topic: TOPIC, key, value, headers: { tmfApi: 'TMF622', eventType: TYPE } });
      });
      await Promise.all(some);
    }
    await log.stop();
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
