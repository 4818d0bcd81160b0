import { DeskScene } from './desk-scene.ts';

let desk: DeskScene;

const explained = (id: string, eventId: string) => desk.scene.finish(desk.operations.explain(id, eventId));

test('what was posted to a topic is out of scope for all but the hubs of that topic', async () => {
  desk = await DeskScene.with({ global: () => 204 });
  const topicHub = (id: string) => {
    const scope = { basePath: `/tmf-api/event/v4/topic/${id}`, api: null, major: 4 };
    return { scope: { ...scope, topic: { id, headerQuery: '', contentQuery: '' } } };
  };
  await desk.subscribe('own', () => 204, topicHub('t1'));
  await desk.subscribe('other', () => 204, topicHub('t2'));
  const event = JSON.stringify({ eventId: 'e1', correlationId: 'c', eventType: 'XEvent', event: 'a text' });
  await desk.scene.publishRaw(event, { eventId: 'e1', correlationId: 'c', tmfTopic: 't1' });
  await desk.scene.clock.advance(1_000);
  expect(await explained('own', 'e1')).toMatchObject({ verdict: 'delivered' });
  for (const id of ['other', 'global']) {
    expect(await explained(id, 'e1')).toMatchObject({
      verdict: 'out-of-scope',
      reason: 'The event was posted to the topic t1, for the hubs of that topic alone.',
    });
  }
  const trace = await desk.scene.finish(desk.operations.trace('c'));
  expect(trace.events.map(({ deliveries }) => deliveries.map((one) => one.subscriptionId))).toEqual([
    ['own'],
  ]);
});
