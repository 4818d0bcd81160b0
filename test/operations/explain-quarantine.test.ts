import type { EventChecks } from '../../src/tmf/event-check.ts';
import { DeskScene } from './desk-scene.ts';

const explained = (desk: DeskScene, eventId: string) =>
  desk.scene.finish(desk.operations.explain('a', eventId));

test('why was it not delivered: it was quarantined, as it does not fit the schema of its API', async () => {
  const checks: EventChecks = () => (_, type) =>
    type === 'BadEvent' ? { api: 'TMF622', mode: 'quarantine', errors: ['event.x is missing'] } : undefined;
  const desk = await DeskScene.with({ a: () => 204 }, { checks });
  const event = JSON.stringify({ eventId: 'e1', eventType: 'BadEvent', event: { x: { id: '1' } } });
  await desk.scene.publishRaw(event, { eventId: 'e1' });
  // The same id, sent again as it should be.
  await desk.scene.publish('k', 'e2');
  await desk.scene.publishRaw(event.replace('e1', 'e2'), { eventId: 'e2' });
  await desk.scene.clock.advance(1_000);
  const [letter] = desk.scene.letters();
  expect(await explained(desk, 'e1')).toMatchObject({
    verdict: 'dead-letter',
    deadLetterId: letter?.id,
    reason:
      'It was quarantined, and its dead letter is open: The event does not fit the BadEvent of TMF622: event.x is missing.',
  });
  expect(await explained(desk, 'e2')).toMatchObject({ verdict: 'delivered' });
});
