import type { GatewayProcess } from '../support/gateway-process.ts';
import type { TestListener } from '../support/listener.ts';
import { send } from './broker-site.ts';

export const EVENTS = '/tmf-api/event/v4';
export const ALARMS = '/tmf-api/alarm/v4';

/** Resolves with the id in the answer; fails unless that is a 201. */
export async function postTo({ url }: GatewayProcess, path: string, body: object): Promise<string> {
  const { status, json } = await send('POST', url + path, body);
  expect([path, status, json]).toEqual([path, 201, expect.objectContaining({})]);
  return (json as { id: string }).id;
}

export const alarm = (eventId: string, perceivedSeverity: string, eventType = 'AlarmCreateEvent') => ({
  ...{ eventId, eventType, domain: 'Paris' },
  event: { alarm: { id: eventId, perceivedSeverity } },
});

/** Which events came to a path, each once, sorted. */
export function got({ receipts }: TestListener, path: string): string[] {
  const ids = receipts.filter((receipt) => receipt.path === path).map(({ event }) => event.eventId);
  return [...new Set(ids)].toSorted();
}
