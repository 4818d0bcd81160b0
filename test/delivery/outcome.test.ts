import { outcomeOf, retryAfterMs } from '../../src/delivery/outcome.ts';
import { SETTINGS } from '../support/sim-gateway.ts';
import { answered, failed } from './scene.ts';

const NOW = Date.UTC(2026, 0, 1);
const outcome = (status: number, retryAfter?: string) =>
  outcomeOf(answered(status, retryAfter === undefined ? {} : { retryAfter }), SETTINGS.retry, NOW);
const retry = { kind: 'retry', endpoint: false, overload: false, notBefore: 0 };

describe('PITFALLS 8: the outcome table', () => {
  test.each([200, 201, 202, 204, 206, 226, 299])('%d is delivered', (status) => {
    expect(outcome(status)).toEqual({ kind: 'delivered' });
  });

  test.each([100, 199, 300, 301, 302, 304, 307, 308, 399, 600])('%d is not', (status) => {
    expect(outcome(status)).toEqual(retry);
  });

  test('410 says that the listener is gone', () => {
    expect(outcome(410)).toEqual({ kind: 'gone' });
  });

  test.each([400, 413, 415, 422])('%d rejects the event', (status) => {
    expect(outcome(status)).toEqual({ kind: 'rejected' });
  });

  test.each([401, 403, 404, 405, 406, 408, 409, 418, 425, 428, 451, 500, 501, 505, 507, 599])(
    '%d is tried again, and speaks of the event',
    (status) => {
      expect(outcome(status)).toEqual(retry);
    },
  );

  test.each([
    [429, true],
    [502, false],
    [503, true],
    [504, false],
  ])('%d is tried again, and speaks of the endpoint; overload: %s', (status, overload) => {
    expect(outcome(status)).toEqual({ ...retry, endpoint: true, overload });
  });

  test.each([
    ['connect', true, false],
    ['timeout', true, true],
    ['refused-by-policy', true, false],
    ['protocol', false, false],
  ] as const)('no answer (%s) is tried again; endpoint: %s, overload: %s', (failure, endpoint, overload) => {
    expect(outcomeOf(failed(failure), SETTINGS.retry, NOW)).toEqual({ ...retry, endpoint, overload });
  });

  test('what the gateway itself gave up counts for nothing', () => {
    expect(outcomeOf(failed('aborted'), SETTINGS.retry, NOW)).toEqual({ kind: 'abandoned' });
  });

  test('which statuses reject is a setting', () => {
    const settings = { ...SETTINGS.retry, rejectStatuses: [404] };
    expect(outcomeOf(answered(404), settings, NOW)).toEqual({ kind: 'rejected' });
    expect(outcomeOf(answered(400), settings, NOW)).toEqual(retry);
  });
});

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['7', 7_000],
    ['  7 ', 7_000],
    ['0120', 120_000],
  ])('seconds: "%s" is %d ms', (value, ms) => {
    expect(retryAfterMs(value, NOW)).toBe(ms);
  });

  test.each([
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:01:30 GMT', 90_000],
    ['Thu Jan  1 00:01:30 2026', 90_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ])('a date in each form of HTTP: "%s" is %d ms', (value, ms) => {
    expect(retryAfterMs(value, NOW)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    'soon',
    '-5',
    '1.5',
    '1e9',
    '0x10',
    '5 seconds',
    'come back in 9999',
    'May 2031',
    '2031-01-01T00:00:00Z',
    'Foo, 99 Bar 2031 00:00:00 GMT',
    '٥',
  ])('"%s" counts as absent', (value) => {
    expect(retryAfterMs(value, NOW)).toBe(0);
  });

  test('is absent', () => {
    expect(retryAfterMs(undefined, NOW)).toBe(0);
  });

  test.each(['3601', '999999999999999999999999999999', 'Fri, 01 Jan 2060 00:00:00 GMT'])(
    'is capped: %s',
    (value) => {
      expect(outcome(503, value)).toEqual({
        kind: 'retry',
        endpoint: true,
        overload: true,
        notBefore: SETTINGS.retry.maxRetryAfter,
      });
    },
  );

  test('counts with any answer that is tried again', () => {
    for (const status of [302, 404, 429, 500, 503])
      expect(outcome(status, '60')).toMatchObject({ notBefore: 60_000 });
  });
});
