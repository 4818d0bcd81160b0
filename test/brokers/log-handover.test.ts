import type { CallbackRequest } from '../../src/callbacks/sender.ts';
import { OK } from '../delivery/listener.ts';
import { MemoryStorage } from '../support/memory-log.ts';
import { SimClock } from '../support/sim-clock.ts';
import { SimGateway, eventRecord, subscription } from '../support/sim-gateway.ts';

const TOPIC = 'bss.ordering.events';
const partition = { topic: TOPIC, partition: 0, topicId: `${TOPIC}-1` };

/** The engine with the delivery side on it, when partitions go to another replica and come back. */
describe('PITFALLS 21: a partition goes and comes back', () => {
  const clock = new SimClock();
  let gateway: SimGateway;
  let received: string[];
  let status: number;

  beforeEach(async () => {
    received = [];
    status = 503;
    gateway = new SimGateway({
      clock,
      storage: new MemoryStorage({ [TOPIC]: 1 }),
      listener: ({ body }: CallbackRequest) => {
        if (status === 204)
          received.push((JSON.parse(Buffer.from(body).toString()) as { eventId: string }).eventId);
        return { answer: { ...OK, status }, after: 1 };
      },
    });
    await gateway.start();
    await gateway.subscribe(subscription('a'));
  });

  afterEach(() => gateway.kill());

  // The outlet is not told of a revocation: its lanes wait for ever behind what it still holds.
  test.failing(
    'the deliveries that were held are let go: those of the new ownership are not stuck behind them',
    async () => {
      await gateway.broker.publish(eventRecord(TOPIC, 'order', '1'));
      await clock.advance(100);
      await gateway.broker.revoked([partition]);
      status = 204;
      await gateway.broker.assigned([partition]);
      await gateway.broker.publish(eventRecord(TOPIC, 'order', '2'));
      await clock.advance(600_000);
      expect(received).toEqual(['1', '2']);
    },
  );
});
