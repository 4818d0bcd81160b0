/** Both ports answer as their descriptions say, whatever is sent: made up by schemathesis from the descriptions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../sqlite/until.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener } from '../support/listener.ts';
import { findPython, installed, schemathesis } from './schemathesis.ts';
import type { Outcome } from './schemathesis.ts';

const TOKEN = 'token-of-the-test';
const ORDERS = '/tmf-api/productOrderingManagement';
/** Of some 180 base paths with the same routes: the global one, one of each shape, one with topics. */
const PATHS = `^(/openapi.json|(${ORDERS}/v[45])?/(hub|event|listener).*|/tmf-api/event/v4/topic.*)$`;

const python = findPython();

if (python === undefined) {
  console.warn('NOT TESTED: the API against its description, as there is no Python 3.10 or newer (python3)');
  test.skip('SKIPPED, there is no Python 3.10 or newer: schemathesis against both ports', () => undefined);
} else {
  describe('schemathesis', () => {
    let interpreter: string;
    const folder = mkdtempSync(join(tmpdir(), 'tmf-hub-api-'));
    let gateway: GatewayProcess | undefined;
    let listener: TestListener | undefined;
    let ids: Record<string, string>;

    beforeAll(async () => {
      interpreter = await installed(python);
      listener = await TestListener.start();
      gateway = await GatewayProcess.start(join(folder, 'data'), {
        TMF_HUB_ADMIN_TOKEN: TOKEN,
        TMF_HUB_CALLBACKS_ALLOW: '127.0.0.0/8',
      });
      ids = await something(gateway, listener);
    }, 300_000);

    afterAll(async () => {
      await gateway?.kill();
      await listener?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    function expectFine({ code, report, ...tested }: Outcome, operations: number, cases: number): void {
      if (code !== 0) throw new Error(report);
      expect(tested.operations).toBeGreaterThanOrEqual(operations);
      expect(tested.cases).toBeGreaterThan(cases);
      expect(gateway?.endedByItself).toBe(false);
      expect(gateway?.output.filter((line) => /request\.failed|answer\.invalid/.test(line))).toEqual([]);
    }

    test('the public port answers as its description says', async () => {
      const options = ['--include-path-regex', PATHS];
      const url = `${gateway!.url}/openapi.json`;
      expectFine(await schemathesis(interpreter, url, { folder, ids, options }), 25, 1000);
    }, 120_000);

    test('the admin port answers as its description says, no call left out', async () => {
      // As from another machine: the token counts.
      const headers = ['X-Forwarded-For: 203.0.113.9', `Authorization: Bearer ${TOKEN}`];
      const options = headers.flatMap((header) => ['--header', header]);
      const url = `${gateway!.admin}/openapi.json`;
      expectFine(await schemathesis(interpreter, url, { folder, ids, options }), 17, 400);
    }, 120_000);
  });
}

/** Subscriptions and dead letters that there are. */
async function something(gateway: GatewayProcess, listener: TestListener): Promise<Record<string, string>> {
  const post = async (path: string, body: object): Promise<{ id: string }> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(201);
    return (await answer.json()) as { id: string };
  };
  const letters = async () => {
    const answer = await fetch(`${gateway.admin}/admin/dead-letters`);
    return ((await answer.json()) as { items: { id: string }[] }).items;
  };
  listener.answers(() => 422);
  const { id } = await post(`${ORDERS}/v4/hub`, { callback: listener.url });
  const other = await post(`${ORDERS}/v5/hub`, {
    callback: `${listener.url}/v5`,
    query: 'eventType=ProductOrderDeleteEvent',
  });
  for (const order of ['1', '2'])
    await post(`${ORDERS}/v4/event`, {
      eventType: 'ProductOrderCreateEvent',
      event: { productOrder: { id: order } },
    });
  await until(async () => (await letters()).length === 2);
  const [first, second] = await letters();
  return {
    KNOWN_SUBSCRIPTION: id,
    KNOWN_V5_SUBSCRIPTION: other.id,
    KNOWN_DEAD_LETTER_1: first!.id,
    KNOWN_DEAD_LETTER_2: second!.id,
  };
}
