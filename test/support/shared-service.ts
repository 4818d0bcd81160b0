import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** What is to be known of a service that the whole run shares; it is started for the first test that asks. */
export async function sharedService<Facts>(name: 'kafka' | 'rabbitmq'): Promise<Facts> {
  const services = process.env['TMF_HUB_TEST_SERVICES'];
  if (services === undefined)
    throw new Error('no test run is under way: test/support/services-setup.ts did not run');
  const [response] = (await once(get(`${services}/${name}`, { agent: false }), 'response')) as [
    IncomingMessage,
  ];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`the shared ${name} did not start: ${body}`);
  return JSON.parse(body) as Facts;
}

/** A name that no other test uses, on this run's service or on one that outlives it. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 13)}`;
}
