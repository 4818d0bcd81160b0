import { setTimeout as sleep } from 'node:timers/promises';
import { askForHub, postHub } from '../hub.ts';
import { handedOver, killedAt } from '../judge.ts';
import type { Replica } from '../replica.ts';
import { FEWER_EVENTS as EVENTS, scaled } from '../scale.ts';
import { TEST_MS, wrongs } from '../verdict.ts';
import { spreadEvenly } from './shares.ts';
import { stage } from './stage.ts';

const on = stage();

/** The second listener is slow, and the third refuses some, which have to become dead letters. */
const slowness = (listener: number): number => (listener === 1 ? 100 : scaled(20, 2)) * (1 + Math.random());
const refuses = (eventId: string): boolean => eventId.endsWith('07');

const KILLS = scaled(2, 30);
const KILL_EVERY_MS = 10_000;

test(
  'promises 1, 2 and 4: one of three gateways after the other is killed every ten seconds, under load',
  async () => {
    const site = await on.site({ name: 'killed-replicas', replicas: 3, slowness });
    site.listeners[2]!.refuses = refuses;
    let isOver = false;
    const published = site.load.run({ events: EVENTS, seconds: scaled(20, 300), goOn: () => !isOver });
    await spreadEvenly(site);
    for (let kill = 0; kill < KILLS; kill++) {
      const next = sleep(KILL_EVERY_MS);
      const replica = site.replicas[kill % 3]!;
      site.disturbances.push(killedAt(performance.now()));
      await replica.kill();
      await replica.start();
      await next;
    }
    await spreadEvenly(site);
    isOver = true;
    await published;
    expect(await wrongs(site, { scenario: `3 gateways: one killed every 10 s, ${KILLS} times` })).toEqual([]);
  },
  TEST_MS,
);

test(
  'promises 1 and 2: three gateways are restarted one after the other under load, and the others take registrations',
  async () => {
    const site = await on.site({ name: 'rolling-restart', replicas: 3, slowness });
    let isOver = false;
    const published = site.load.run({ events: EVENTS, seconds: scaled(20, 60), goOn: () => !isOver });
    await spreadEvenly(site);
    for (const replica of site.replicas) {
      const asking = new Asking(site.replicas.filter((other) => other !== replica));
      site.disturbances.push(handedOver(performance.now()));
      expect(await replica.stop()).toBe(0);
      await replica.start();
      const { statuses, id } = await asking.end();
      expect(statuses.length).toBeGreaterThan(0);
      expect(new Set(statuses)).toEqual(new Set([201]));
      expect(await askForHub(replica, id, 'DELETE')).toBe(204);
    }
    await spreadEvenly(site);
    isOver = true;
    await published;
    expect(await wrongs(site, { scenario: '3 gateways: rolling restart' })).toEqual([]);
  },
  TEST_MS,
);

/** Registers the same listener at these gateways again and again, until it is told to end. */
class Asking {
  readonly #statuses: number[] = [];
  readonly #done: Promise<void>;
  #id = '';
  #isOver = false;

  constructor(replicas: readonly Replica[]) {
    this.#done = this.#ask(replicas);
  }

  /** What was answered, and which subscription is there now. */
  async end(): Promise<{ statuses: readonly number[]; id: string }> {
    this.#isOver = true;
    await this.#done;
    return { statuses: this.#statuses, id: this.#id };
  }

  async #ask(replicas: readonly Replica[]): Promise<void> {
    // Of another event type: nothing is sent there.
    const registration = { callback: 'http://127.0.0.1:9/', query: 'eventType=ProductOrderCreateEvent' };
    while (!this.#isOver) {
      for (const replica of replicas) {
        const { status, id = '' } = await postHub(replica, registration);
        this.#statuses.push(status);
        this.#id = id;
      }
      await sleep(200);
    }
  }
}
