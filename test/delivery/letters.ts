import type { DeadLetter } from '../../src/brokers/broker.ts';
import { Scene, type Call, type SceneOptions } from './scene.ts';

/** Asks for the replay of a letter, and lets the answer come. */
export function replay(scene: Scene, letter: DeadLetter | undefined, body?: string) {
  if (!letter) throw new Error('no such letter');
  const corrected = body === undefined ? undefined : Buffer.from(body);
  const { broker, deliveries } = scene.gateway;
  return scene.finish(deliveries.letterReplays.request(letter, broker, corrected));
}

export function letterOf(scene: Scene, eventId: string): DeadLetter | undefined {
  return scene.letters().find((letter) => letter.eventId === eventId);
}

/** The state of each letter, by its event. */
export function states(scene: Scene): Record<string, string> {
  return Object.fromEntries(scene.letters().map(({ eventId, state }) => [eventId ?? '', state]));
}

/** A scene whose listener rejected these events, each of them a dead letter now. */
export async function rejected(events: readonly string[], options: SceneOptions = {}): Promise<Scene> {
  const scene = await Scene.with({ a: () => 422 }, options);
  for (const id of events) await scene.publish(`key-${id}`, id);
  await scene.clock.advance(1_000);
  return scene;
}

/** What was sent since a moment. */
export function since(scene: Scene, at: number): Call[] {
  return scene.calls.filter((call) => call.at >= at);
}
