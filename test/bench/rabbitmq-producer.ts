/** amqplib, persistent messages with an id, each confirmed. */
import amqp from 'amqplib';
import { HEADERS, TYPE } from './event.ts';
import { obey } from './producing.ts';

/** An exchange, or past all exchanges into queues in turn. */
export type Destination = { readonly exchange: string } | { readonly queues: readonly string[] };

obey<Destination>(async (url) => {
  const connection = await amqp.connect(url, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  return async (where, events) => {
    const confirmed = events.map(({ n, id, value }) => {
      const [exchange, key] =
        'exchange' in where ? [where.exchange, TYPE] : ['', where.queues[n % where.queues.length] ?? ''];
      const properties = {
        ...{ persistent: true, mandatory: true, contentType: 'application/json', headers: HEADERS },
        ...{ messageId: id, timestamp: Math.floor(Date.now() / 1000) },
      };
      return new Promise<void>((resolve, reject) => {
        channel.publish(exchange, key, Buffer.from(value), properties, (error: unknown) => {
          if (error) reject(error instanceof Error ? error : new Error('the broker refused an event'));
          else resolve();
        });
      });
    });
    await Promise.all(confirmed);
  };
});
