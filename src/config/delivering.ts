/** Settings of the way to the listeners: addresses, attempts, circuit, limits. */
import { parseAllowed } from './addresses.ts';
import {
  choice,
  duration,
  either,
  list,
  numberAbove0,
  numberUpTo,
  parsed,
  size,
  wholeNumber,
} from './kinds.ts';
import { optional, section, setting } from './setting.ts';

export const callbacks = section('Connections to the listeners', {
  allow: setting(
    list(
      parsed(
        'a CIDR such as 10.0.0.0/8, a host name, or a pattern such as *.svc.cluster.local',
        parseAllowed,
      ),
    ),
    'Loopback, private, link-local and metadata addresses are refused unless they stand here: as CIDR, host name or *.domain.',
    [],
  ),
  schemes: setting(list(choice('https', 'http'), 1, 2), 'URL schemes a callback may have.', [
    'https',
    'http',
  ]),
  timeout: setting(duration('1h'), 'How long an attempt may wait for the answer.', '10s'),
  connectTimeout: setting(
    duration('1h'),
    'How long an attempt may wait for the connection; at most callbacks.timeout.',
    '3s',
  ),
  maxAnswer: setting(size('64MiB'), 'How much of an answer is read before it is dropped.', '64KiB'),
  maxSockets: setting(wholeNumber(1, 65_535), 'Connections open at one time, over all listeners.', 1024),
  idleOrigins: setting(
    wholeNumber(0, 65_535),
    'Origins whose idle connections are kept open; beyond it the longest unused is closed.',
    256,
  ),
});

const status = wholeNumber(400, 599);
export const retry = section('What happens after a failed attempt', {
  delays: setting(
    list(duration(), 0, 100),
    'Waits between attempts; after the last one the event becomes a dead letter. Empty: one attempt only.',
    ['1s', '5s', '30s'],
  ),
  jitter: setting(
    numberUpTo(1),
    'How far a wait may vary at random, as a share of it, so that retries do not come in waves.',
    0.1,
  ),
  maxRetryAfter: setting(
    duration(),
    'Longest Retry-After of a listener that is honoured; longer ones count as this.',
    '1h',
  ),
  rejectStatuses: setting(
    list({
      ...status,
      expected: 'a status from 400 to 599 other than 410 (which suspends)',
      schema: status.schema.refine((code) => code !== 410),
    }),
    'Answers that say the event itself is wrong: dead letter at once, without retry.',
    [400, 413, 415, 422],
  ),
});

export const circuit = section(
  'When an endpoint counts as down: its events wait, one probe at a time goes out',
  {
    threshold: setting(wholeNumber(1, 10_000), 'Different events failing in a row that open the circuit.', 5),
    rejectionThreshold: setting(
      wholeNumber(1, 10_000),
      'Rejections in a row, without a success, that open the circuit.',
      20,
    ),
    probeMin: setting(duration(), 'Wait before the first probe; later waits grow up to probeMax.', '1s'),
    probeMax: setting(duration(), 'Longest wait between two probes.', '60s'),
    suspendAfter: setting(
      duration(),
      'A circuit open for this long suspends the subscription; its events stay in the broker.',
      '5d',
    ),
  },
);

export const limits = section('Limits per subscription, and of the process', {
  concurrency: setting(
    either(wholeNumber(1, 1024), choice('adaptive')),
    'Attempts of one subscription at one time: a fixed number, or adaptive to how well the listener answers.',
    'adaptive',
  ),
  maxConcurrency: setting(wholeNumber(1, 1024), 'Adaptive: never more than this.', 32),
  startConcurrency: setting(wholeNumber(1, 1024), 'Adaptive: where it starts; at most maxConcurrency.', 8),
  maxWaiting: setting(
    wholeNumber(1, 1_000_000),
    'Events of one subscription that may wait for a retry; beyond it the rest stays in the broker.',
    1000,
  ),
  rate: optional(numberAbove0(1_000_000), 'Most attempts per second to one subscription.', { example: '50' }),
  memory: setting(
    size('1TiB'),
    'Bytes of events that may wait in memory, over all subscriptions; the rest is read again later.',
    '256MiB',
  ),
});
