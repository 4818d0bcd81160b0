import type { Broker, Outlet } from '../../src/brokers/broker.ts';
import { createFeeds } from '../../src/operations/feeds.ts';
import { compileQuery } from '../../src/tmf/query/query.ts';
import { eventRecord, subscription } from '../support/sim-gateway.ts';
import { Scene, TOPIC } from '../delivery/scene.ts';

function everything() {
  const compiled = compileQuery('', { knownEventTypes: null });
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.query;
}

async function feedsOver(extra: Partial<Broker>[] = []) {
  const scene = new Scene();
  await scene.gateway.start();
  scene.behave('a', () => 204);
  const forgotten: string[] = [];
  const { broker, deliveries } = scene.gateway;
  const feeds = createFeeds(deliveries, [broker, ...(extra as Broker[])], {
    forget: (id) => forgotten.push(id),
  });
  return { scene, feeds, forgotten, deliveries };
}

const publish = (scene: Scene, id: string) => scene.gateway.broker.publish(eventRecord(TOPIC, 'k', id));

test('attached as pending, it waits for the word; told, it delivers what came since', async () => {
  const { scene, feeds } = await feedsOver();
  await publish(scene, 'before');
  await scene.finish(feeds.attach(subscription('a', { state: 'pending' }), everything(), 'new'));
  await publish(scene, 'e1');
  await scene.clock.advance(1_000);
  expect(scene.calls).toEqual([]);
  feeds.changed(subscription('a'));
  await scene.clock.advance(1_000);
  expect(scene.seen('a')).toEqual(['e1']);
});

test('one broker that cannot attach it fails the whole, and nothing is matched for it any more', async () => {
  const outlets: Outlet[] = [];
  const failing: Partial<Broker> = {
    name: 'second',
    attach: async (outlet) => {
      outlets.push(outlet);
      throw new Error('no connection');
    },
    leave: async () => undefined,
  };
  const { scene, feeds, deliveries } = await feedsOver([failing]);
  await expect(scene.finish(feeds.attach(subscription('a'), everything(), 'new'))).rejects.toThrow(
    'no connection',
  );
  expect(deliveries.of('a')).toBeUndefined();
  expect(outlets[0]?.hasRoom()).toBe(false);
  await publish(scene, 'e1');
  await scene.clock.advance(1_000);
  expect(scene.calls).toEqual([]);
});

test('detached, it is called no more, its positions and its metrics are forgotten', async () => {
  const { scene, feeds, forgotten, deliveries } = await feedsOver();
  await scene.finish(feeds.attach(subscription('a'), everything(), 'new'));
  await publish(scene, 'e1');
  await scene.clock.advance(1_000);
  await scene.finish(feeds.detach('a'));
  await publish(scene, 'e2');
  await scene.clock.advance(1_000);
  expect(scene.seen('a')).toEqual(['e1']);
  expect(scene.storage.positions.size).toBe(0);
  expect(forgotten).toEqual(['a']);
  expect(deliveries.of('a')).toBeUndefined();
});

test('an id that is not attached can be detached, left and changed', async () => {
  const { scene, feeds } = await feedsOver();
  await scene.finish(feeds.leave('nobody'));
  await scene.finish(feeds.detach('nobody'));
  feeds.changed(subscription('nobody'));
});

test('left, it is called no more and its metrics are forgotten; its positions stay for another replica', async () => {
  const { scene, feeds, forgotten, deliveries } = await feedsOver();
  await scene.finish(feeds.attach(subscription('a'), everything(), 'new'));
  await publish(scene, 'e1');
  await scene.clock.advance(1_000);
  await scene.finish(feeds.leave('a'));
  await publish(scene, 'e2');
  await scene.clock.advance(1_000);
  expect(scene.seen('a')).toEqual(['e1']);
  expect(forgotten).toEqual(['a']);
  expect(deliveries.of('a')).toBeUndefined();
  expect(scene.storage.positions.size).toBeGreaterThan(0);

  await scene.finish(feeds.attach(subscription('a'), everything(), 'known'));
  await scene.clock.advance(1_000);
  expect(scene.seen('a')).toEqual(['e1', 'e2']);
});

test('what failed at one broker can be attached again, and is fed by all of them', async () => {
  let isAway = true;
  const second: Partial<Broker> = {
    name: 'second',
    attach: async () => {
      if (isAway) throw new Error('no connection');
    },
    leave: async () => undefined,
  };
  const { scene, feeds } = await feedsOver([second]);
  await expect(scene.finish(feeds.attach(subscription('a'), everything(), 'new'))).rejects.toThrow();
  isAway = false;
  await scene.finish(feeds.attach(subscription('a'), everything(), 'known'));
  await publish(scene, 'e1');
  await scene.clock.advance(1_000);
  expect(scene.seen('a')).toEqual(['e1']);
});

test('a broker that is slow to attach is not left before it has', async () => {
  const done: string[] = [];
  const slow: Partial<Broker> = {
    name: 'slow',
    attach: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push('attached');
    },
    leave: async () => void done.push('left'),
  };
  const failing: Partial<Broker> = {
    name: 'failing',
    attach: async () => Promise.reject(new Error('no connection')),
    leave: async () => undefined,
  };
  const { scene, feeds } = await feedsOver([slow, failing]);
  await expect(scene.finish(feeds.attach(subscription('a'), everything(), 'new'))).rejects.toThrow();
  expect(done).toEqual(['attached', 'left']);
});
