/** What the bodies of the admin API look like, for its description. */

const source = {
  ...{ broker: 'kafka', topic: 'bss.ordering.events', partition: 0, offset: 7, key: '4711' },
  headers: { eventType: 'ProductOrderCreateEvent', tmfApi: 'TMF622' },
};
const event = {
  ...{ eventId: '0f8fad5b', eventTime: '2026-03-01T12:00:00.000Z', eventType: 'ProductOrderCreateEvent' },
  event: { productOrder: { id: '4711', state: 'acknowledged' } },
};

export const subscriptionExample = {
  ...{ id: '42', callback: 'https://billing.example/listener', query: 'eventType=ProductOrderCreateEvent' },
  scope: { basePath: '/tmf-api/productOrderingManagement/v4', api: 'TMF622', major: 4 },
  ...{ profile: 'tmf', signed: true, headers: ['x-api-key'] },
  ...{ state: 'active', circuit: 'open', lag: 3, oldestUnsettled: '2026-03-01T12:00:00.000Z' },
  ...{ inFlight: 0, waitingRetry: 1, lastOutcome: 'retry', lost: 0 },
  positions: { 'bss.ordering.events:0': 7 },
};

export const explanationExample = {
  ...{ subscriptionId: '42', eventId: '0f8fad5b', verdict: 'dead-letter' },
  reason: 'It became a dead letter after 4 attempts: status 500.',
  ...{ eventType: 'ProductOrderCreateEvent', source, deadLetterId: '17' },
};

export const deadLetterExample = {
  ...{ id: '17', reason: 'exhausted', subscriptionId: '42', callback: 'https://billing.example/listener' },
  ...{ eventId: '0f8fad5b', eventType: 'ProductOrderCreateEvent', correlationId: null },
  attempts: [
    { n: 1, at: '2026-03-01T12:00:00.100Z', status: 500, durationMs: 12.5, answer: 'out of memory' },
  ],
  ...{ error: 'status 500', retryCount: 0, source, payload: event },
  ...{ deadAt: '2026-03-01T12:00:36.000Z', state: 'open' },
};

export const readinessExample = {
  ready: false,
  parts: { registry: { ok: true }, orphans: { ok: true }, kafka: { ok: false, reason: 'no broker answers' } },
};
