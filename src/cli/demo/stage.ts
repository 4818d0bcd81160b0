import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { CommandFailed } from '../exit.ts';
import { GatewayClient } from '../gateway-client.ts';
import { eventPath, hubPath } from '../hub-path.ts';
import { eventOf, type Step } from '../journey.ts';
import type { Received } from '../listener.ts';
import type { GatewayProcess } from './gateway-process.ts';
import type { Ledger } from './ledger.ts';
import { PlayedListener, REGISTRATIONS, type ListenerName, type Registration } from './listeners.ts';
import type { Narrator } from './narrator.ts';

const PATIENCE_MS = 20_000;

/** Everything that stands on the stage, and the few moves of the play. */
export class Stage {
  readonly listeners: Readonly<Record<ListenerName, PlayedListener>>;
  readonly admin: GatewayClient;
  readonly narrator: Narrator;
  readonly ledger: Ledger;
  /** By subscription id. */
  readonly subscriptions = new Map<string, Registration>();
  readonly #hub: GatewayClient;
  readonly #signal: AbortSignal;
  readonly #paceMs: number;
  readonly #correlationId = randomUUID();

  constructor(parts: {
    gateway: GatewayProcess;
    ledger: Ledger;
    narrator: Narrator;
    paceMs: number;
    signal: AbortSignal;
  }) {
    this.ledger = parts.ledger;
    this.narrator = parts.narrator;
    this.#paceMs = parts.paceMs;
    this.#signal = parts.signal;
    this.#hub = new GatewayClient(parts.gateway.origin);
    this.admin = new GatewayClient(parts.gateway.adminOrigin);
    const play = (name: ListenerName) =>
      new PlayedListener(name, (received, status) => this.#got(name, received, status));
    this.listeners = { billing: play('billing'), CRM: play('CRM'), inventory: play('inventory') };
  }

  async registerAll(): Promise<void> {
    for (const registration of REGISTRATIONS) {
      const { listener, path, basePath, query } = registration;
      const callback = this.listeners[listener].url(path);
      const { body } = await this.#hub.post(hubPath(basePath), {
        callback,
        ...(query !== undefined && { query }),
      });
      this.subscriptions.set((body as { id: string }).id, registration);
      const filter = query === undefined ? '' : `  only ${query}`;
      this.narrator.say(listener, `registers at POST ${hubPath(basePath)}${filter}`);
    }
  }

  /** Publishes one step and gives the audience time to see it. */
  async publish(step: Step): Promise<void> {
    const eventId = randomUUID();
    this.ledger.published(eventId, step);
    this.narrator.say('publisher', `${step.caption}  (${step.eventType})`);
    const event = eventOf(step, eventId, this.#correlationId, new Date().toISOString());
    await this.#hub.post(eventPath(step.basePath), event);
    await this.pause(this.#paceMs);
  }

  async publishAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.publish(step);
  }

  /** Rejects when the play is called off. */
  async pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#signal });
  }

  /** Waits until the question has an answer; a play that waits for ever has failed. */
  async until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (performance.now() > deadline) throw new CommandFailed(`The demo waited in vain for this: ${what}.`);
      await this.pause(50);
    }
  }

  /** Waits until a listener has accepted all that it is owed, but for `except` events. */
  async untilServed(name: ListenerName, except = 0): Promise<void> {
    await this.until(`${name} gets its events`, () => this.ledger.missing(name) <= except || undefined);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.listeners).map((listener) => listener.close()));
  }

  #got(name: ListenerName, received: Received, status: number): void {
    this.ledger.arrived(name, received, status);
    const { entity, resourceId, state, eventType, earlier } = received;
    const again = earlier.refused === 0 ? '' : `, attempt ${earlier.refused + 1}`;
    const what = [entity, resourceId, state].filter((part) => part !== undefined).join(' ');
    const attempt = received.headers['x-tmf-hub-replay'] === 'true' ? ', replayed' : again;
    const verb = status < 300 ? 'got' : this.narrator.alarm(`answers ${status} to`);
    this.narrator.say(name, `${verb} ${what}  (${eventType ?? 'no TMF event'}${attempt})`);
  }
}
