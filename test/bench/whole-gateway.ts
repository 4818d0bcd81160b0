import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchBroker, Place } from './bench-broker.ts';
import { residentMemory } from './proc.ts';
import { StartedGateway } from './started.ts';

/** A gateway in a process of its own, with a folder and a place at the broker that outlive its restarts. */
export class WholeGateway {
  readonly place: Place;
  readonly #broker: BenchBroker;
  readonly #dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
  readonly #ids: string[] = [];
  #running: StartedGateway | undefined;

  private constructor(broker: BenchBroker, place: Place) {
    this.#broker = broker;
    this.place = place;
  }

  /** Resolves when it takes requests. */
  static async start(broker: BenchBroker): Promise<WholeGateway> {
    const gateway = new WholeGateway(broker, await broker.newPlace());
    await gateway.start();
    return gateway;
  }

  get url(): string {
    return this.#running?.url ?? '';
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  /** Bytes. */
  get residentBytes(): number {
    return residentMemory(this.pid);
  }

  /** All that were told by `subscribed`. */
  get subscriptionIds(): readonly string[] {
    return this.#ids;
  }

  subscribed(...ids: readonly string[]): void {
    this.#ids.push(...ids);
  }

  /** Again, after `stop`. */
  async start(): Promise<void> {
    const settings = { TMF_HUB_LOG_LEVEL: 'error', ...this.place.settings };
    this.#running = await StartedGateway.start(this.#dir, settings);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  /** Ends it, and leaves nothing of it behind. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#dir, { recursive: true, force: true });
    await this.#broker.remove(this.place, this.#ids);
  }
}
