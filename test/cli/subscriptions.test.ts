import { FakeGateway } from './fake-gateway.ts';
import { runCommand } from './run-command.ts';

const BASE = '/tmf-api/productOrderingManagement/v4';
const VIEW = {
  id: 's-1',
  callback: 'http://127.0.0.1:9000/orders',
  query: 'eventType=ProductOrderCreateEvent',
  profile: 'openslice',
  scope: { basePath: BASE, api: 'TMF622', major: 4 },
  state: 'paused',
  circuit: 'open',
  lag: 7,
  oldestUnsettled: '2026-01-31T08:00:00.000Z',
  inFlight: 1,
  waitingRetry: 2,
  lastOutcome: 'retry',
  lost: 0,
  positions: { 'bss.ordering.events:0': 42 },
};

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await FakeGateway.start();
});
afterEach(() => gateway.stop());

const calls = () => gateway.calls.map(({ method, path }) => `${method} ${path}`);

describe('list', () => {
  test('shows who is registered, and how it stands with them', async () => {
    gateway.answer = () => ({ status: 200, body: { items: [VIEW], total: 1 } });
    const { code, lines } = await runCommand(['subscriptions', 'list'], { gateway });
    expect(code).toBe(0);
    expect(lines).toHaveLength(2);
    expect(lines[1]?.split(/ {2,}/)).toEqual([
      's-1',
      'paused',
      'open',
      '7',
      '2',
      '0',
      'openslice',
      `${BASE}/hub`,
      VIEW.query,
      VIEW.callback,
    ]);
  });

  test('--json is the answer as it came, in one line', async () => {
    const body = { items: [VIEW], total: 1 };
    gateway.answer = () => ({ status: 200, body });
    const { lines } = await runCommand(['subscriptions', 'list', '--json'], { gateway });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([body]);
  });

  test('says how to add one where there is none', async () => {
    gateway.answer = () => ({ status: 200, body: { items: [], total: 0 } });
    expect((await runCommand(['subscriptions', 'list'], { gateway })).out).toContain('subscriptions add');
  });

  test('sends the admin token, from the option or the environment', async () => {
    gateway.answer = () => ({ status: 200, body: { items: [], total: 0 } });
    await runCommand(['subscriptions', 'list', '--token', 'by-option'], { gateway });
    await runCommand(['subscriptions', 'list'], { gateway, env: { TMF_HUB_ADMIN_TOKEN: 'by-environment' } });
    await runCommand(['subscriptions', 'list'], { gateway });
    expect(gateway.calls.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer by-option',
      'Bearer by-environment',
      undefined,
    ]);
  });
});

test('show prints one fact a line', async () => {
  gateway.answer = () => ({ status: 200, body: VIEW });
  const { out } = await runCommand(['subscriptions', 'show', 's-1'], { gateway });
  expect(calls()).toEqual(['GET /admin/subscriptions/s-1']);
  expect(out).toMatch(/^lag +7$/m);
  expect(out).toMatch(/^positions +\{"bss.ordering.events:0":42\}$/m);
});

test('an id that the gateway does not know is exit code 1, with the words of the gateway', async () => {
  const plain = await runCommand(['subscriptions', 'show', 'no/such'], { gateway });
  expect(plain).toMatchObject({ code: 1, out: '' });
  expect(plain.err).toContain('answered 404: Not found - there is no /admin/subscriptions/no%2Fsuch');
  const json = await runCommand(['subscriptions', 'show', 'nobody', '--json'], { gateway });
  expect(JSON.parse(json.err)).toMatchObject({
    error: { exitCode: 1, detail: { status: 404, body: { code: '404' } } },
  });
});

describe('add', () => {
  test('registers at the hub of an API, however the base path is written', async () => {
    gateway.answer = ({ text }) => ({ status: 201, body: { id: 'new', ...(JSON.parse(text) as object) } });
    for (const hub of [BASE, `${BASE}/`, BASE.slice(1), `${BASE}/hub`]) {
      const argv = ['subscriptions', 'add', 'http://cb/x', '--hub', hub, '--query', 'eventType=A'];
      expect(await runCommand(argv, { gateway })).toMatchObject({ code: 0, out: 'new' });
    }
    expect(new Set(calls())).toEqual(new Set([`POST ${BASE}/hub`]));
    expect(gateway.bodies[0]).toEqual({ callback: 'http://cb/x', query: 'eventType=A' });
  });

  test('without --hub it is the hub of all APIs, without --query there is none', async () => {
    gateway.answer = () => ({ status: 201, body: { id: 'new', callback: 'http://cb/x', query: '' } });
    const { out } = await runCommand(['subscriptions', 'add', 'http://cb/x', '--json'], { gateway });
    expect(JSON.parse(out)).toMatchObject({ id: 'new', query: '' });
    expect(calls()).toEqual(['POST /hub']);
    expect(gateway.bodies).toEqual([{ callback: 'http://cb/x' }]);
  });

  test('asks for a profile and a signature', async () => {
    gateway.answer = () => ({ status: 201, body: { id: 'new' } });
    const argv = ['subscriptions', 'add', 'http://cb/x', '--profile', 'fiware', '--secret', 'whsec_x'];
    await runCommand(argv, { gateway });
    expect(gateway.bodies).toEqual([{ callback: 'http://cb/x', profile: 'fiware', secret: 'whsec_x' }]);
  });

  test('a refusal is exit code 1', async () => {
    gateway.answer = () => ({ status: 400, body: { code: '400', reason: 'callback has credentials' } });
    const { code, err } = await runCommand(['subscriptions', 'add', 'http://a:b@cb/x'], { gateway });
    expect(code).toBe(1);
    expect(err).toContain('callback has credentials');
  });
});

describe('remove', () => {
  test('deletes at the hub that the subscription was made at', async () => {
    gateway.answer = ({ method }) => (method === 'GET' ? { status: 200, body: VIEW } : { status: 204 });
    expect(await runCommand(['subscriptions', 'remove', 's-1'], { gateway })).toMatchObject({
      code: 0,
      out: 's-1',
    });
    expect(calls()).toEqual(['GET /admin/subscriptions/s-1', `DELETE ${BASE}/hub/s-1`]);
  });

  test('asks nobody when it is told the hub', async () => {
    gateway.answer = () => ({ status: 204 });
    await runCommand(['subscriptions', 'remove', 'a', 'b', '--hub', '/'], { gateway });
    expect(calls()).toEqual(['DELETE /hub/a', 'DELETE /hub/b']);
  });
});

test.each([
  ['pause', 'paused'],
  ['resume', 'active'],
])('%s answers the new state', async (action, state) => {
  gateway.answer = () => ({ status: 200, body: { ...VIEW, state } });
  expect(await runCommand(['subscriptions', action, 's-1'], { gateway })).toMatchObject({
    code: 0,
    out: state,
  });
  expect(calls()).toEqual([`POST /admin/subscriptions/s-1/${action}`]);
});

describe('replay', () => {
  test.each<[string[], object]>([
    [['--from', '2026-01-31T08:00:00Z'], { from: '2026-01-31T08:00:00.000Z' }],
    [['--from-event', 'e-1', '--correlation', 'c-1'], { from: { eventId: 'e-1' }, correlationId: 'c-1' }],
    [
      ['--from-offset', 'tmf.events:0=42', '--from-offset', 'tmf.events:1=7', '--to', '2026-02-01T00:00:00Z'],
      { from: { offsets: { 'tmf.events:0': 42, 'tmf.events:1': 7 } }, to: '2026-02-01T00:00:00.000Z' },
    ],
  ])('%j', async (options, body) => {
    gateway.answer = () => ({ status: 202, body: { jobId: 'j-1' } });
    const { code, out } = await runCommand(['subscriptions', 'replay', 's-1', ...options], { gateway });
    expect(code).toBe(0);
    expect(out).toContain('j-1');
    expect(calls()).toEqual(['POST /admin/subscriptions/s-1/replay']);
    expect(gateway.bodies).toEqual([body]);
  });

  test('a duration counts back from now', async () => {
    gateway.answer = () => ({ status: 202, body: { jobId: 'j-1' } });
    const before = Date.now();
    await runCommand(['subscriptions', 'replay', 's-1', '--from', '1.5h'], { gateway });
    const { from } = gateway.bodies[0] as { from: string };
    expect(Date.parse(from)).toBeGreaterThanOrEqual(before - 5_400_000);
    expect(Date.parse(from)).toBeLessThanOrEqual(Date.now() - 5_400_000);
  });
});

test('explain gives the verdict and the reason', async () => {
  gateway.answer = () => ({ status: 200, body: { verdict: 'held', reason: 'the circuit is open' } });
  const { out } = await runCommand(['subscriptions', 'explain', 's-1', 'e 1'], { gateway });
  expect(out).toBe('held: the circuit is open');
  expect(calls()).toEqual(['GET /admin/subscriptions/s-1/explain?eventId=e+1']);
});
