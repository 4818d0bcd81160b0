import { setImmediate } from 'node:timers/promises';
import { PublisherSite, QUEUE_BYTES, WAIT_MS } from './rabbitmq-publisher-site.ts';

async function isSettled(outcome: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  void outcome.then(() => (isDone = true));
  await setImmediate();
  return isDone;
}

describe('what cannot be sent is refused', () => {
  const KiB = 1_024;

  test.each([
    ['headers above 64 KiB', { vendor: 'x'.repeat(64 * KiB) }],
    [
      'many small headers above 64 KiB',
      Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`vendor-header-${at}`, `${at}`])),
    ],
    ['the name of a header above 255 bytes', { ['n'.repeat(256)]: 'x' }],
    ['an event type above 255 bytes, which is the routing key', { eventType: 'ä'.repeat(128) }],
  ])('%s', async (_what, headers) => {
    const site = new PublisherSite();
    expect(await site.publish('{}', { headers })).toMatch(/^PublishRefused: (RangeError|TypeError)/);
    expect(site.published).toEqual([]);
  });

  test('and is in nobody else’s way: neither its bytes nor its confirmation are waited for', async () => {
    const site = new PublisherSite();
    const headers = { vendor: 'x'.repeat(64 * KiB) };
    for (let at = 0; at < 5; at++)
      expect(await site.publish('x'.repeat(QUEUE_BYTES), { headers })).toMatch(/^PublishRefused/);
    const others = [site.publish('one'), site.publish('x'.repeat(QUEUE_BYTES - 3))];
    await site.settled();
    for (const { confirm } of site.published) confirm();
    expect(await Promise.all(others)).toEqual(['confirmed id-6', 'confirmed id-7']);
    expect(site.channels).toHaveLength(1);
  });

  test('headers of 60 KiB are sent', async () => {
    const site = new PublisherSite();
    const outcome = site.publish('{}', { headers: { vendor: 'x'.repeat(60 * KiB) } });
    await site.settled();
    site.published[0]?.confirm();
    expect(await outcome).toBe('confirmed id-1');
  });
});

describe('what is not surely durable is refused', () => {
  test('what goes to an exchange that is no source', async () => {
    const site = new PublisherSite();
    expect(await site.publish('{}', { topic: 'other' })).toMatch(/^PublishRefused: other is no exchange/);
    expect(site.channels).toEqual([]);
  });

  test('what the server refuses, and nothing else', async () => {
    const site = new PublisherSite();
    const outcomes = ['a', 'b', 'c'].map((value) => site.publish(value));
    await site.settled();
    site.published[1]?.confirm(new Error('message nacked'));
    site.published[2]?.confirm();
    site.published[0]?.confirm();
    expect(await Promise.all(outcomes)).toEqual([
      'confirmed id-1',
      'PublishRefused: RabbitMQ refused it: message nacked',
      'confirmed id-3',
    ]);
  });

  test('what no queue took, though it is confirmed', async () => {
    const site = new PublisherSite();
    const outcomes = [site.publish('a'), site.publish('b')];
    await site.settled();
    site.published[0]?.giveBack();
    for (const { confirm } of site.published) confirm();
    expect(await Promise.all(outcomes)).toEqual([
      'PublishRefused: no queue took it: nobody would have got it',
      'confirmed id-2',
    ]);
  });

  test('what was not confirmed when the channel ended; the next gets another channel', async () => {
    const site = new PublisherSite();
    const outcomes = [site.publish('a'), site.publish('b')];
    await site.settled();
    site.published[0]?.confirm();
    site.channels[0]?.end();
    expect(await Promise.all(outcomes)).toEqual([
      'confirmed id-1',
      'PublishRefused: the connection closed before the event was confirmed',
    ]);
    const next = site.publish('c');
    await site.settled();
    site.published.at(-1)?.confirm();
    expect(await next).toBe('confirmed id-3');
    expect(site.channels).toHaveLength(2);
  });

  test('what is published at the moment in which the channel ends', async () => {
    const site = new PublisherSite();
    const first = site.publish('a');
    await site.settled();
    site.published[0]?.confirm();
    await first;
    const [channel] = site.channels;
    if (channel) channel.isOpen = false;
    expect(await site.publish('b')).toBe('PublishRefused: Error: Channel closed');
  });

  test('what is not confirmed in time; a late confirmation changes nothing', async () => {
    const site = new PublisherSite();
    const outcome = site.publish('a');
    await site.clock.advance(WAIT_MS - 1);
    expect(await isSettled(outcome)).toBe(false);
    await site.clock.advance(1);
    expect(await outcome).toBe(`PublishRefused: RabbitMQ did not confirm it within ${WAIT_MS} ms`);
    site.published[0]?.confirm();
    const next = site.publish('x'.repeat(QUEUE_BYTES));
    await site.settled();
    expect(await isSettled(next)).toBe(false);
    site.published[1]?.confirm();
    expect(await next).toBe('confirmed id-2');
  });

  test('what finds no connection in time', async () => {
    const site = new PublisherSite();
    site.isUp = false;
    const outcome = site.publish('a');
    await site.clock.advance(WAIT_MS);
    expect(await outcome).toMatch(/^PublishRefused/);
    const next = site.publish('b');
    site.connect();
    await site.settled();
    expect(site.published.map(({ content }) => content)).toEqual(['b']);
    site.published[0]?.confirm();
    expect(await next).toBe('confirmed id-2');
  });

  test('what finds no channel; the next tries for one again', async () => {
    const site = new PublisherSite();
    site.refusals = 1;
    expect(await site.publish('a')).toMatch(/^PublishRefused: NotConnected/);
    const next = site.publish('b');
    await site.settled();
    site.published[0]?.confirm();
    expect(await next).toBe('confirmed id-2');
  });
});

describe('events that wait for their confirmation', () => {
  test('are at most as many bytes as are set; beyond, they are refused at once', async () => {
    const site = new PublisherSite();
    const first = site.publish('x'.repeat(QUEUE_BYTES - 10));
    expect(await site.publish('x'.repeat(11))).toBe(
      'PublishRefused: too many events wait to be confirmed by RabbitMQ',
    );
    const second = site.publish('x'.repeat(10));
    await site.settled();
    for (const { confirm } of site.published) confirm();
    expect(await Promise.all([first, second])).toEqual(['confirmed id-1', 'confirmed id-2']);
    const third = site.publish('x'.repeat(11));
    await site.settled();
    site.published.at(-1)?.confirm();
    expect(await third).toBe('confirmed id-3');
  });

  test('may be one that is larger than that alone', async () => {
    const site = new PublisherSite();
    const outcome = site.publish('x'.repeat(QUEUE_BYTES * 2));
    await site.settled();
    site.published[0]?.confirm();
    expect(await outcome).toBe('confirmed id-1');
  });

  test('keep their order, over the opening of the channel too', async () => {
    const site = new PublisherSite();
    site.isUp = false;
    const before = ['1', '2', '3'].map((value) => site.publish(value));
    await site.settled();
    site.connect();
    const after = ['4', '5', '6'].map((value) => site.publish(value));
    await site.settled();
    expect(site.published.map(({ content }) => content)).toEqual(['1', '2', '3', '4', '5', '6']);
    for (const { confirm } of site.published) confirm();
    expect(await Promise.all([...before, ...after])).toHaveLength(6);
    expect(site.channels).toHaveLength(1);
  });

  test('go to the exchange of the record, by their type', async () => {
    const site = new PublisherSite();
    void site.publish('{"a":1}');
    await site.settled();
    expect(site.published).toMatchObject([
      {
        ...{ exchange: 'tmf.events', routingKey: 'ProductOrderCreateEvent' },
        ...{ content: '{"a":1}', messageId: 'id-1' },
      },
    ]);
  });
});
