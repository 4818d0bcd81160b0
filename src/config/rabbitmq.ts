/** Settings of RabbitMQ: where the server is, what is read from it, what is made in it. */
import { isUrl } from './addresses.ts';
import { credentials } from './credentials.ts';
import { choice, duration, flag, list, size, text, wholeNumber } from './kinds.ts';
import { optional, section, setting } from './setting.ts';
import { tlsSection } from './tls.ts';

const events = section('The stream {name}.events, a copy of all events that replays and traces read from', {
  maxAge: setting(duration('3650d', '1s'), 'Events older than this are removed from it.', '7d'),
  maxBytes: setting(
    size('1024TiB', '1MiB'),
    'Beyond this many bytes the oldest events are removed from it.',
    '10GiB',
  ),
});

const deadLetters = section('Dead letters, kept in {name}.dead-letters', {
  maxBytes: setting(
    size('1GiB', '64KiB'),
    'Largest message there, at least 2 times server.maxEventBody, and no more than max_message_size of the server (16MiB since 4.0); of a dead letter beyond it as much as fits is kept (reason too-large).',
    '8MiB',
  ),
  keepSettled: setting(
    duration('3650d'),
    'How long a dead letter can still be seen after it was replayed or discarded.',
    '7d',
  ),
});

export const rabbitmq = section('RabbitMQ, 3.10 or newer', {
  url: optional(
    text('a URL such as amqp://host', (value) => isUrl(value, ['amqp:', 'amqps:'])),
    'Server, credentials and virtual host; amqps means TLS. broker: rabbitmq needs it; better in the environment than in a file.',
    { example: 'amqps://user:password@rabbitmq:5671/', secret: true },
  ),
  ...credentials('rabbitmq.url'),
  heartbeat: setting(
    duration('5m', '6s'),
    'A gateway that is silent for so long loses its work to another: after a kill -9 without a closed connection its events wait about this long. An attempt starts only while it surely ends before that, so it is at least 5s above callbacks.timeout. The server may ask for less (its own heartbeat setting, 60s by default).',
    '30s',
  ),
  exchanges: setting(
    list(text('the name of an exchange, at most 255 bytes', isExchangeName)),
    'Exchanges that events are read from. Empty: those of topics. Those of topics that are missing here are not published to either: events of their domains are answered with 503.',
    [],
  ),
  declare: setting(
    flag(),
    'Make the exchanges that are missing, as durable topic exchanges; false: an operator makes them. Queues and streams of the gateway itself are made in any case.',
    true,
  ),
  bindings: setting(
    choice('names', 'all'),
    'What is let into the queue of a subscription. names: by routing key, which is the event type, in the spelling of the catalogue or of the query. all: everything, and the gateway picks: where producers use routing keys of their own.',
    'names',
  ),
  prefetch: setting(
    wholeNumber(1, 2000),
    'Events of one subscription that may be in memory before they are delivered; the rest stays in its queue.',
    256,
  ),
  prefetchMemory: setting(
    size('1TiB', '64KiB'),
    'Bytes of events in memory whose turn has not come, over all subscriptions; beyond it those with the most give theirs back to their queues.',
    '64MiB',
  ),
  publishTimeout: setting(
    duration('5m'),
    'How long publishing waits for the server to confirm an event; then it is answered with 503.',
    '30s',
  ),
  events,
  deadLetters,
  tls: tlsSection('rabbitmq', 'amqps'),
});

/** The exchange without a name is the way to queues by their names: nothing can be bound to it. */
function isExchangeName(value: string): boolean {
  return value !== '' && Buffer.byteLength(value) <= 255;
}
