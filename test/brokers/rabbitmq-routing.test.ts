import type { ConsumeMessage } from 'amqplib';
import { Routing } from '../../src/brokers/rabbitmq/queues/routing.ts';
import type { SourceRecord } from '../../src/brokers/broker.ts';
import { createFakeClock } from '../callbacks/fake-clock.ts';

/** What a queue hands out of a producer that names its messages itself. */
function message(headers: object, properties: object = { messageId: 'm1' }): ConsumeMessage {
  const fields = { exchange: 'events', routingKey: 'AEvent', deliveryTag: 1 };
  return { fields, properties: { ...properties, headers }, content: Buffer.from('{}') } as ConsumeMessage;
}

function routing() {
  const routed: SourceRecord[] = [];
  const made = new Routing('rabbit', createFakeClock());
  made.start({
    epoch: 1,
    route(record) {
      routed.push(record);
      return { event: {}, record, subscriptionIds: [`${routed.length}`] } as never;
    },
  });
  return { made, routed };
}

test('the copies of an event in several queues are matched once, delivered before or not', () => {
  const { made, routed } = routing();
  const first = made.route(message({ tmfTopic: 't1' }));
  expect(made.route(message({ tmfTopic: 't1' }))).toBe(first);
  expect(made.route(message({ tmfTopic: 't1', 'x-delivery-count': 2 }))).toBe(first);
  expect(routed).toHaveLength(1);
});

test.each(['tmfTopic', 'tmfApi', 'eventType', 'eventId', 'correlationId'])(
  'one message sent twice that is different in its header %s is two',
  (name) => {
    const { made, routed } = routing();
    for (const headers of [{ [name]: 'one' }, { [name]: 'other' }, {}]) made.route(message(headers));
    expect(routed.map(({ headers }) => headers[name])).toEqual(['one', 'other', undefined]);
  },
);

test('what has no id is matched each time', () => {
  const { made, routed } = routing();
  for (let i = 0; i < 2; i++) made.route(message({}, {}));
  expect(routed).toHaveLength(2);
});
