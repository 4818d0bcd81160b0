import { Scene, answered, failed, ids, gaps, TOPIC } from './scene.ts';
import { eventRecord } from '../support/sim-gateway.ts';
test('F4 stall after eviction', async () => {
  const scene = new Scene({ limits: { memory: 3000 } });
  await scene.gateway.start();
  await scene.subscribe('a', () => 400, { query: 'eventType=AEvent' });
  await scene.subscribe('b', () => ({ answer: answered(204), after: 50 }), { query: 'eventType=BEvent' });
  for (const id of ids(10)) await scene.gateway.broker.publish(eventRecord(TOPIC, id, id, 'AEvent'));
  await scene.clock.advance(10_000);
  expect(scene.letters().length).toBe(10);
  scene.behave('a', () => failed('connect'));
  for (const letter of scene.letters()) await scene.gateway.deliveries.letterReplays.request(letter);
  await scene.clock.advance(100_000);
  console.log(scene.status('a'), scene.gateway.deliveries.capacity.bytes);
  for (let i = 0; i < 60; i++) { await scene.gateway.broker.publish(eventRecord(TOPIC, 'b' + i, 'b' + i, 'BEvent'));  }
  await scene.clock.advance(5000);
  console.log(scene.status('a'), scene.gateway.deliveries.capacity.bytes, scene.calls.length);
  scene.behave('a', () => 204);
  await scene.clock.advance(10_000_000);
  console.log(scene.status('a'), scene.letters().map(l => l.state));
});
test('double request', async () => {
  const scene = await Scene.with({ a: () => 400 });
  await scene.publish('k', ...ids(3));
  await scene.clock.advance(1000);
  scene.behave('a', () => failed());
  const letters = scene.letters();
  for (const letter of letters) await scene.gateway.deliveries.letterReplays.request(letter);
  await scene.gateway.deliveries.letterReplays.request(letters[0]!);
  await scene.crash();
  await scene.clock.advance(5_000);
  scene.behave('a', () => 204);
  await scene.clock.advance(500_000);
  console.log(scene.to('a').map(c => `${c.eventId}@${c.at}`), scene.letters().map(l => l.state));
});
test('rate with slots', async () => {
  const scene = await Scene.with({ a: () => ({ answer: answered(204), after: 1000 }) }, { limits: { rate: 3 } });
  await scene.publish('k', ...ids(3));
  for (const id of ids(10)) await scene.publish(id, id);
  await scene.clock.advance(50_000);
  console.log(scene.to('a').map(c => `${c.eventId}@${c.at}`));
});
