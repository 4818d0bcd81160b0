import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { startGateway, type Gateway } from '../../src/gateway.ts';
import { silentLogger } from '../../src/logger.ts';
import { sleep, systemClock } from '../../src/time.ts';
import { subscribe } from './subscribing.ts';
import { TYPE } from './event.ts';

/** A gateway in a folder of its own, run in this process; on the embedded broker unless the settings say otherwise. */
export class Site {
  readonly dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
  readonly #settings: Readonly<Record<string, string>>;
  #gateway: Gateway | undefined;

  /** `settings` are TMF_HUB_* variables. */
  constructor(settings: Readonly<Record<string, string>> = {}) {
    this.#settings = settings;
  }

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
      ...this.#settings,
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
  subscribe(count: number, callback: (i: number) => string, eventType = TYPE): Promise<string[]> {
    return subscribe(this.url, count, callback, eventType);
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
}
