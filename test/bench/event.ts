/** The event of every row: one of 1.5 KB, as a producer writes it. */
export const TYPE = 'ProductOrderStateChangeEvent';
/** Of subscriptions that are there and want none of the events. */
export const OTHER_TYPE = 'ProductOrderDeleteEvent';
export const HEADERS = { tmfApi: 'TMF622', eventType: TYPE };
const KEYS = 200;

/** The empty eventId and the key are filled in. */
export const BODY = JSON.stringify({
  eventId: '',
  eventTime: '2026-01-01T00:00:00.000Z',
  eventType: TYPE,
  correlationId: 'bench',
  domain: 'ordering',
  title: 'An order went on',
  event: { productOrder: { id: 'key', state: 'inProgress', note: 'x'.repeat(1250) } },
});

/** The n-th event: resources come in turn. */
export function eventOf(n: number, id: string, body = BODY): { key: string; value: string } {
  const key = `key-${n % KEYS}`;
  return { key, value: body.replace('"eventId":""', `"eventId":"${id}"`).replace('"key"', `"${key}"`) };
}
