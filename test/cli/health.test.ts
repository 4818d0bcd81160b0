import type { FindAdmin } from '../../src/cli/health.ts';
import { FakeGateway } from './fake-gateway.ts';
import { runCommand } from './run-command.ts';

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await FakeGateway.start();
});
afterEach(() => gateway.stop());

/** A configuration that puts the admin port where the fake gateway is, but for what is said. */
function configured(admin: { host?: string; port?: number } = {}): FindAdmin {
  const port = Number(new URL(gateway.url).port);
  return () => Promise.resolve({ host: '127.0.0.1', port, ...admin });
}

const healthy = () => ({ status: 200, body: { status: 'ok' } });

test('asks for /healthz where the configuration puts the admin port', async () => {
  gateway.answer = healthy;
  const answer = await runCommand(['health'], { findAdmin: configured() });
  expect(answer).toMatchObject({ code: 0, out: 'healthy', err: '' });
  expect(gateway.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /healthz']);
});

test.each([
  ['0.0.0.0', 'http://127.0.0.1:1 '],
  ['::', 'http://[::1]:1 '],
  ['::1', 'http://[::1]:1 '],
  ['gateway', 'http://gateway:1 '],
])('a gateway that listens on %s is asked at %s', async (host, address) => {
  const { code, err } = await runCommand(['health'], { findAdmin: configured({ host, port: 1 }) });
  expect([code, err]).toEqual([1, expect.stringContaining(address)]);
});

test('reads the file and the environment that serve reads', async () => {
  const seen: unknown[] = [];
  const findAdmin: FindAdmin = (...given) => {
    seen.push(given);
    return configured()('', {});
  };
  const env = { TMF_HUB_CONFIG: 'my.yaml', TMF_HUB_ADMIN_PORT: '1', TMF_HUB_GATEWAY: 'http://elsewhere' };
  await runCommand(['health'], { findAdmin, env });
  await runCommand(['health', '--config', 'other.yaml'], { findAdmin });
  expect(seen).toEqual([
    ['my.yaml', { TMF_HUB_CONFIG: 'my.yaml', TMF_HUB_ADMIN_PORT: '1' }],
    ['other.yaml', {}],
  ]);
});

test('an address that is given wins, and the configuration is not read', async () => {
  gateway.answer = healthy;
  expect(await runCommand(['health'], { gateway })).toMatchObject({ code: 0 });
  const option = await runCommand(['health', '--admin', gateway.url], {
    env: { TMF_HUB_ADMIN: 'http://nobody' },
  });
  expect(option).toMatchObject({ code: 0 });
});

describe('all that is wrong is exit code 1 and one sentence:', () => {
  test('an answer that is an error', async () => {
    gateway.answer = () => ({ status: 500 });
    const answer = await runCommand(['health'], { gateway });
    expect(answer).toMatchObject({ code: 1, out: '', err: 'GET /healthz was answered 500.' });
  });

  test('another success than 200', async () => {
    gateway.answer = () => ({ status: 204 });
    expect(await runCommand(['health'], { gateway })).toMatchObject({
      code: 1,
      err: 'GET /healthz was answered 204.',
    });
  });

  test('with --ready, the parts that are not', async () => {
    const parts = { registry: { ok: true }, kafka: { ok: false, reason: 'no broker answers' } };
    gateway.answer = ({ path }) =>
      path === '/readyz' ? { status: 503, body: { ready: false, parts } } : healthy();
    const answer = await runCommand(['health', '--ready'], { gateway });
    expect(answer).toMatchObject({ code: 1, err: 'Not ready: kafka: no broker answers' });
    gateway.answer = () => ({ status: 200, body: { ready: true, parts: {} } });
    expect(await runCommand(['health', '--ready'], { gateway })).toMatchObject({ code: 0, out: 'ready' });
  });

  test('nobody there', async () => {
    const { code, out, err } = await runCommand(['health', '--admin', 'http://127.0.0.1:1']);
    expect([code, out, err]).toEqual([1, '', expect.stringMatching(/^No gateway answers at .*:1 /)]);
  });

  test('nobody who answers in time', async () => {
    gateway.hold = () => undefined;
    const { code, err } = await runCommand(['health'], { gateway });
    expect([code, err]).toEqual([1, expect.stringContaining('aborted due to timeout')]);
  });

  test('a configuration with mistakes', async () => {
    const findAdmin: FindAdmin = () => Promise.resolve({ mistakes: ['admin.port: a', 'log.level: b'] });
    expect(await runCommand(['health'], { findAdmin })).toMatchObject({
      code: 1,
      err: 'Where the gateway listens is not known: admin.port: a (mistakes beside it: 1)',
    });
  });

  test('any free port as the configured one', async () => {
    const { code, err } = await runCommand(['health'], { findAdmin: configured({ port: 0 }) });
    expect([code, err]).toEqual([1, expect.stringContaining('admin.port is 0')]);
  });
});
