import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orderEvent } from '../schemas/order.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';

/** The setting `validation` on a gateway in its own process: TMF622 is quarantined, all others are warned of. */

const API = '/tmf-api/productOrderingManagement/v4';
const SETTINGS = {
  TMF_HUB_VALIDATION_MODE: 'warn',
  TMF_HUB_VALIDATION_APIS: '[{"api":"TMF622","mode":"quarantine"}]',
};

let dir: string;
let gateway: GatewayProcess;
let listener: TestListener;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-validation-'));
  gateway = await GatewayProcess.start(dir, SETTINGS);
  listener = await TestListener.start();
});

afterAll(async () => {
  await gateway.kill();
  await listener.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function send(url: string, body?: object): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json' };
  const given = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url, { headers, ...given });
  return { status: answer.status, text: await answer.text() };
}

test('what does not fit is refused, quarantined or warned of, as the settings say of its API', async () => {
  const { status } = await send(`${gateway.url}/hub`, { callback: `${listener.url}/cb` });
  expect(status).toBe(201);
  const wrong = orderEvent(4, { id: 4711 });
  expect(await send(`${gateway.url}${API}/event`, wrong)).toMatchObject({
    status: 400,
    text: expect.stringContaining('event.productOrder.id must be string') as string,
  });
  expect((await send(`${gateway.url}${API}/listener/productOrderCreateEvent`, wrong)).status).toBe(201);
  const catalog = { eventId: 'c1', eventType: 'CatalogCreateEvent', event: { catalog: { id: 1 } } };
  expect((await send(`${gateway.url}/event`, catalog)).status).toBe(201);
  expect((await send(`${gateway.url}/event`, { ...orderEvent(4), eventId: 'o2' })).status).toBe(201);

  await until(() => listener.receipts.length >= 2, 'both that are delivered');
  expect(listener.receipts.map(({ event }) => event.eventId).sort()).toEqual(['c1', 'o2']);
  const letters = JSON.parse((await send(`${gateway.admin}/admin/dead-letters`)).text) as {
    items: object[];
  };
  expect(letters.items).toMatchObject([
    {
      ...{ reason: 'unreadable', eventId: 'e1', subscriptionId: null },
      error:
        'The event does not fit the ProductOrderCreateEvent of TMF622: event.productOrder.id must be string.',
    },
  ]);
  const metrics = (await send(`${gateway.admin}/metrics`)).text;
  expect(metrics).toContain('tmf_hub_invalid_events_total{api="TMF622",mode="quarantine"} 1');
  expect(metrics).toContain('tmf_hub_invalid_events_total{api="TMF620",mode="warn"} 1');
});
