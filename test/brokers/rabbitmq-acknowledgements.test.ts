import type { Channel, ConsumeMessage } from 'amqplib';
import fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import { Acknowledgements } from '../../src/brokers/rabbitmq/queues/acknowledgements.ts';
import { SimClock } from '../support/sim-clock.ts';

/** RabbitMQ's own book of a channel: what it handed out and was not acknowledged, in order. */
class Book {
  readonly open: number[];
  /** Tags that are not there when they are acknowledged: RabbitMQ closes the channel, or worse. */
  readonly unknown: number[] = [];
  sent = 0;

  constructor(count: number) {
    this.open = Array.from({ length: count }, (_, i) => i + 1);
  }

  get channel(): Channel {
    const ack = ({ fields: { deliveryTag } }: ConsumeMessage, allUpTo = false): void => {
      this.sent++;
      const at = this.open.indexOf(deliveryTag);
      if (at < 0) this.unknown.push(deliveryTag);
      else this.open.splice(allUpTo ? 0 : at, allUpTo ? at + 1 : 1);
    };
    return { ack } as unknown as Channel;
  }
}

const messageOf = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage;

test('exactly what was settled is acknowledged, whatever the order and the turns', async () => {
  const settled = fc.shuffledSubarray(Array.from({ length: 40 }, (_, i) => i + 1));
  await fc.assert(
    fc.asyncProperty(settled, fc.array(fc.nat(5)), async (tags, turns) => {
      const book = new Book(40);
      const acknowledgements = new Acknowledgements(book.channel, new SimClock());
      for (let at = 0, turn = 0; at < tags.length; turn++) {
        const size = 1 + (turns[turn % Math.max(1, turns.length)] ?? 0);
        for (const tag of tags.slice(at, at + size)) acknowledgements.add(messageOf(tag));
        at += size;
        await setImmediate();
      }
      const left = Array.from({ length: 40 }, (_, i) => i + 1).filter((tag) => !tags.includes(tag));
      expect(book.open).toEqual(left);
      expect(book.unknown).toEqual([]);
    }),
  );
});

test('what is settled in order costs one acknowledgement a turn', async () => {
  const book = new Book(100);
  const acknowledgements = new Acknowledgements(book.channel, new SimClock());
  for (let tag = 1; tag <= 100; tag++) acknowledgements.add(messageOf(tag));
  await setImmediate();
  expect(book.open).toEqual([]);
  expect(book.sent).toBe(1);
});
