/** Settings of the process itself: who it is, where it listens, what it stores and says. */
import { isHost, isPath, parseOrigin } from './addresses.ts';
import { choice, duration, either, flag, parsed, size, text, wholeNumber } from './kinds.ts';
import { optional, section, setting } from './setting.ts';
import { isTopicName } from './topic-names.ts';

const port = () => wholeNumber(0, 65_535);
const host = () => text('a host name or an IP address', isHost);
const topic = () => text('a topic name of letters, digits, ".", "_" and "-", at most 249', isTopicName);

export const prefix = () =>
  text('lower-case letters, digits, "." and "-", at most 61, the first a letter or digit', (value) =>
    /^[a-z0-9][a-z0-9.-]{0,60}$/.test(value),
  );

export const name = setting(
  prefix(),
  'Names this gateway at the brokers: consumer groups, queues, dead letters and topics of its own begin with it, so a topic or exchange that begins with it and a dot is never a source of events. Two gateways with registries of their own need two names.',
  'tmf-hub',
);

export const broker = setting(
  choice('embedded', 'kafka', 'rabbitmq'),
  'Where events are kept until every listener has them: embedded needs no service, kafka and rabbitmq want the settings of their section. The short form of sources, for one broker.',
  'embedded',
);

export const data = section('What the gateway stores on disk', {
  dir: setting(
    text('a folder', (value) => value.trim() !== ''),
    'Folder of the embedded broker and, without redis.url, of the registry; made when missing. Relative to the working directory.',
    './data',
  ),
});

export const server = section('The public side: hubs and publishing', {
  port: setting(port(), 'Port to listen on; 0 = any free port.', 8080),
  host: setting(host(), 'Address to listen on.', '0.0.0.0'),
  basePath: setting(
    text('empty, or a path that starts with "/" and does not end with one', (v) => v === '' || isPath(v)),
    'Prefix of every path, as in /r1-ordering/tmf-api/...; it appears in every href and Location.',
    '',
  ),
  publicUrl: optional(
    parsed('an origin such as https://hub.example.com, without path', parseOrigin),
    'Scheme, host and port of every href, as the outside reaches this gateway.',
    { example: 'https://hub.example.com' },
  ),
  drainTimeout: setting(duration(), 'At shutdown: how long what is in flight may take to finish.', '10s'),
  maxHubBody: setting(size('1GiB'), 'Largest body of POST /hub; more is answered with 413.', '64KiB'),
  maxEventBody: setting(
    size('1GiB'),
    'Largest event that may be published; more is answered with 413.',
    '4MiB',
  ),
});

export const admin = section("The operator's side: health, metrics, subscriptions, dead letters", {
  port: setting(port(), 'Port to listen on; 0 = any free port.', 8081),
  host: setting(
    host(),
    'Address to listen on. From elsewhere than loopback, all but health, readiness and metrics wants admin.token.',
    '127.0.0.1',
  ),
  token: optional(
    text('a text without blanks (in quotes when it is all digits)', (value) => /^[\x21-\x7e]+$/.test(value)),
    'Bearer token for /admin/* from elsewhere than loopback; without it /admin/* is closed there.',
    { example: 'a-long-random-text', secret: true },
  ),
});

export const log = section('Log lines on stdout', {
  level: setting(
    choice('silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    'The least severe line that is written; each successful delivery is one line at debug.',
    'info',
  ),
});

export const topics = section(
  'Topics (RabbitMQ: exchanges) that events are published to, by domain, and read from unless kafka.topics or rabbitmq.exchanges say otherwise',
  {
    catalog: setting(topic(), 'Product, service and resource catalogues.', 'bss.catalog.events'),
    ordering: setting(topic(), 'Product orders, quotes, carts.', 'bss.ordering.events'),
    party: setting(topic(), 'Parties, customers, roles, agreements.', 'bss.party.events'),
    billing: setting(topic(), 'Accounts, bills, payments, usage.', 'bss.billing.events'),
    service: setting(topic(), 'Service orders and inventory.', 'oss.service.events'),
    resource: setting(topic(), 'Resource orders and inventory.', 'oss.resource.events'),
    assurance: setting(topic(), 'Alarms, tickets, performance.', 'oss.assurance.events'),
    other: setting(topic(), 'Everything else.', 'tmf.events'),
  },
);

export const embedded = section('The embedded broker', {
  partitions: setting(
    wholeNumber(1, 256),
    'Partitions of each topic; events with one ordering key share one. On one machine more of them only cost memory.',
    2,
  ),
  retention: section('How long events are kept, delivered or not', {
    age: setting(duration('3650d'), 'Events older than this are removed.', '7d'),
    size: setting(
      either(choice('off'), size('1024TiB')),
      'Beyond this many bytes the oldest events are removed; off: only their age counts.',
      '10GiB',
    ),
  }),
});

export const metrics = section('Prometheus metrics', {
  perSubscription: setting(
    flag(),
    'Label metrics with the subscription; false when there are too many of them for Prometheus.',
    true,
  ),
});
