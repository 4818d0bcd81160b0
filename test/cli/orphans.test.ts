import { FakeGateway } from './fake-gateway.ts';
import { runCommand } from './run-command.ts';

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await FakeGateway.start();
});
afterEach(() => gateway.stop());

const BODY = { items: [{ subscriptionId: 's-1', sources: ['kafka', 'rabbitmq'] }], total: 1 };

test('list shows who keeps something for whom', async () => {
  gateway.answer = () => ({ status: 200, body: BODY });
  const { code, lines } = await runCommand(['orphans', 'list'], { gateway });
  expect([code, lines.length, lines[1]?.split(/ {2,}/)]).toEqual([0, 2, ['s-1', 'kafka, rabbitmq']]);
  const { out } = await runCommand(['orphans', 'list', '--json'], { gateway });
  expect(JSON.parse(out)).toEqual(BODY);
});

test('list says so where there are none', async () => {
  gateway.answer = () => ({ status: 200, body: { items: [], total: 0 } });
  expect((await runCommand(['orphans', 'list'], { gateway })).out).toContain('No orphans.');
});

test('remove ends each that is named, until one cannot be ended', async () => {
  gateway.answer = ({ path }) => (path.endsWith('/s%2F1') ? { status: 204 } : undefined);
  const { code, out } = await runCommand(['orphans', 'remove', 's/1', 'nobody'], { gateway });
  expect(out).toContain('s/1');
  expect(code).not.toBe(0);
  expect(gateway.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'DELETE /admin/orphans/s%2F1',
    'DELETE /admin/orphans/nobody',
  ]);
});
