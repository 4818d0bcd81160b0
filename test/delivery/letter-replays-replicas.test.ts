import { letterOf, rejected, replay, since, states } from './letters.ts';
import type { Scene } from './scene.ts';

/** A replica among others: it is told whether the partition of the letters' events is its own. */
async function replica(): Promise<{ scene: Scene; partition: { isOwn: boolean } }> {
  const scene = await rejected(['e1', 'e2']);
  const partition = { isOwn: false };
  Object.assign(scene.gateway.log, { owns: () => partition.isOwn });
  Object.assign(scene.gateway.broker, { capabilities: { sharedLog: true, replicas: true, indexed: true } });
  scene.behave('a', () => 204);
  await scene.finish(scene.gateway.deliveries.letterReplays.start());
  return { scene, partition };
}

describe('RULES 14: a replay that is asked for at one of several replicas', () => {
  test('is left to the owner of the partition', async () => {
    const { scene } = await replica();
    const at = scene.now;
    await replay(scene, letterOf(scene, 'e1'));
    await scene.clock.advance(60_000);
    expect(since(scene, at)).toEqual([]);
    expect(scene.letters().map(({ replay: asked }) => asked !== undefined)).toEqual([true, false]);
  });

  test('is taken up by the owner within some seconds, once', async () => {
    const { scene, partition } = await replica();
    const at = scene.now;
    await replay(scene, letterOf(scene, 'e1'));
    partition.isOwn = true;
    await scene.clock.advance(3_000);
    expect(since(scene, at).map(({ eventId }) => eventId)).toEqual(['e1']);
    expect(states(scene)).toEqual({ e1: 'replayed', e2: 'open' });
    await scene.clock.advance(60_000);
    expect(since(scene, at)).toHaveLength(1);
  });

  test('goes with the partition: what waited here is not sent once it is another replica’s', async () => {
    const { scene, partition } = await replica();
    partition.isOwn = true;
    scene.setState('a', 'paused');
    const at = scene.now;
    await replay(scene, letterOf(scene, 'e1'));
    await scene.clock.advance(5_000);
    partition.isOwn = false;
    scene.setState('a', 'active');
    await scene.clock.advance(60_000);
    expect(since(scene, at)).toEqual([]);
    partition.isOwn = true;
    await scene.clock.advance(3_000);
    expect(states(scene)).toEqual({ e1: 'replayed', e2: 'open' });
  });
});
