import { Webhook } from 'standardwebhooks';
import { listenCommand } from '../../src/cli/listen.ts';
import { run } from '../../src/cli/run.ts';
import { FakeGateway } from './fake-gateway.ts';
import { FakeTerminal } from './fake-terminal.ts';

const EVENT = {
  eventId: 'e-1',
  eventType: 'ProductOrderStateChangeEvent',
  event: { productOrder: { id: 'o-1', state: 'completed' } },
};

const running: { terminal: FakeTerminal; code: Promise<number> }[] = [];
afterEach(async () => {
  for (const { terminal } of running) terminal.interrupt();
  await Promise.all(running.splice(0).map(({ code }) => code));
});

/** Starts `listen`; resolves when it listens. */
async function listen(options: string[], env: Record<string, string> = {}) {
  const terminal = new FakeTerminal({ env });
  const code = run(['listen', ...options], [listenCommand], '', terminal);
  running.push({ terminal, code });
  const line = await Promise.race([
    terminal.line('istening'),
    code.then((ended) => Promise.reject(new Error(`listen ended with ${ended}: ${terminal.errors.join()}`))),
  ]);
  const url = /http:\/\/[^\s"]+/.exec(line)?.[0] ?? '';
  return { terminal, code, url };
}

const post = (url: string, body: unknown = EVENT, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { connection: 'close', ...headers },
  }).then(({ status }) => status);

test('prints what came, and answers 204', async () => {
  const { terminal, url } = await listen([]);
  expect(await post(url)).toBe(204);
  await terminal.line('event e-1');
  expect(terminal.text).toMatch(/204 {2}ProductOrderStateChangeEvent {2}productOrder o-1 {2}completed/);
});

test('Ctrl-C ends it with 0', async () => {
  const { terminal, code, url } = await listen([]);
  terminal.interrupt();
  expect(await code).toBe(0);
  await expect(post(url)).rejects.toThrow();
});

test('--status with --times: refuses at first, then accepts; repeated attempts are told apart from duplicates', async () => {
  const { terminal, url } = await listen(['--status', '503', '--times', '2']);
  const headers = { 'webhook-id': 'e-1.s-1' };
  const statuses = [];
  for (let n = 0; n < 4; n++) statuses.push(await post(url, EVENT, headers));
  expect(statuses).toEqual([503, 503, 204, 204]);
  await terminal.line('accepted once');
  const lines = terminal.lines.filter((line) => line.includes('ProductOrder'));
  expect(lines[0]).not.toContain('seen');
  expect(lines[1]).toContain('seen before, refused once');
  expect(lines[2]).toContain('seen before, refused 2 times');
  expect(lines[3]).toContain('seen before, accepted once');
});

test('--status alone is for ever', async () => {
  const { url } = await listen(['--status', '500']);
  expect([await post(url), await post(url)]).toEqual([500, 500]);
});

test('--delay holds the answer back', async () => {
  const { url } = await listen(['--delay', '150ms']);
  const start = performance.now();
  await post(url);
  expect(performance.now() - start).toBeGreaterThanOrEqual(145);
});

test('--path answers 404 elsewhere, and 405 to what is no POST', async () => {
  const { url } = await listen(['--path', '/orders']);
  expect(url).toMatch(/\/orders$/);
  expect(await post(url)).toBe(204);
  expect(await post(url.replace('/orders', '/other'))).toBe(404);
  expect((await fetch(url, { headers: { connection: 'close' } })).status).toBe(405);
});

test('--exit-after ends it by itself', async () => {
  const { url, code } = await listen(['--exit-after', '2', '--status', '500', '--times', '1']);
  await post(url);
  await post(url);
  await post(url);
  expect(await code).toBe(0);
});

test('--json: one document a line, with the whole event and whether it was seen before', async () => {
  const { terminal, url } = await listen(['--json']);
  await post(url, EVENT, { 'webhook-id': 'w', 'x-correlation-id': 'c' });
  await post(url, EVENT, { 'webhook-id': 'w' });
  await terminal.line('"seenBefore":true');
  const [listening, first, second] = terminal.lines.map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  );
  expect(listening).toEqual({ listening: url });
  expect(first).toMatchObject({
    status: 204,
    eventId: 'e-1',
    entity: 'productOrder',
    resourceId: 'o-1',
    webhookId: 'w',
    seenBefore: false,
    headers: { 'x-correlation-id': 'c' },
    body: EVENT,
  });
  expect(second).toMatchObject({ seenBefore: true });
});

describe('--secret', () => {
  const OLD = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const NEW = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
  const signedBy = (key: string, at = new Date()) => ({
    'webhook-id': 'w',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(key).sign('w', at, JSON.stringify(EVENT)),
  });

  test.each<[string, number, string, () => Record<string, string>]>([
    ['signed', 204, NEW, () => signedBy(NEW)],
    ['signed', 204, `${NEW} ${OLD}`, () => signedBy(OLD)],
    ['not signed', 401, NEW, () => ({})],
    ['signed with another secret', 401, NEW, () => signedBy(OLD)],
    ['signed with another secret', 401, NEW, () => ({ ...signedBy(NEW), 'webhook-id': 'x' })],
    ['signed at another time', 401, NEW, () => signedBy(NEW, new Date(Date.now() - 301_000))],
    ['signed at another time', 401, NEW, () => ({ ...signedBy(NEW), 'webhook-timestamp': 'x' })],
  ])('%s: %s', async (verdict, status, secret, headers) => {
    const { terminal, url } = await listen(['--secret', secret]);
    expect(await post(url, EVENT, headers())).toBe(status);
    expect(await terminal.line('productOrder o-1')).toContain(`${status}  Product`);
    expect(await terminal.line('productOrder o-1')).toContain(`  ${verdict}`);
  });

  test('with --json is a member of its own, and without it none', async () => {
    const { terminal, url } = await listen(['--json', '--secret', OLD]);
    await post(url, EVENT, signedBy(OLD));
    expect(JSON.parse(await terminal.line('eventId'))).toMatchObject({ status: 204, signature: 'signed' });
    const without = await listen(['--json']);
    await post(without.url, EVENT, signedBy(OLD));
    expect(await without.terminal.line('eventId')).not.toContain('"signature"');
  });

  test('that is none is wrong usage, and is not shown', async () => {
    const terminal = new FakeTerminal();
    expect(await run(['listen', '--secret', 'hunter2'], [listenCommand], '', terminal)).toBe(2);
    expect(terminal.errors.join()).toContain('--secret must be "whsec_"');
    expect(terminal.errors.join()).not.toContain('hunter2');
  });
});

test('--profile without --register is wrong usage', async () => {
  const terminal = new FakeTerminal();
  expect(await run(['listen', '--profile', 'fiware'], [listenCommand], '', terminal)).toBe(2);
  expect(terminal.errors.join()).toContain('--profile and --cleanup go with --register');
});

test('what is no event is shown and accepted', async () => {
  const { terminal, url } = await listen([]);
  await fetch(url, { method: 'POST', body: 'hello', headers: { connection: 'close' } });
  expect(await terminal.line('no TMF event')).toContain('5 bytes');
});

test('a port that is in use is one sentence and exit code 1', async () => {
  const { url } = await listen([]);
  const terminal = new FakeTerminal();
  const { port } = new URL(url);
  expect(await run(['listen', '--port', port], [listenCommand], '', terminal)).toBe(1);
  expect(terminal.errors).toEqual([`Cannot listen on 127.0.0.1: port ${port} is in use.`]);
});

describe('--register', () => {
  let gateway: FakeGateway;
  beforeEach(async () => {
    gateway = await FakeGateway.start();
    gateway.answer = ({ method }) =>
      method === 'POST' ? { status: 201, body: { id: 's-1' } } : { status: 204 };
  });
  afterEach(() => gateway.stop());
  const calls = () => gateway.calls.map(({ method, path }) => `${method} ${path}`);

  test('registers the own address, and keeps the subscription', async () => {
    const options = ['--register', '/tmf-api/party/v4', '--query', 'eventType=A', '--gateway', gateway.url];
    const { terminal, code, url } = await listen(options);
    await terminal.line('s-1');
    terminal.interrupt();
    expect(await code).toBe(0);
    expect(gateway.bodies).toEqual([{ callback: url, query: 'eventType=A' }]);
    expect(calls()).toEqual(['POST /tmf-api/party/v4/hub']);
  });

  test('asks for a profile and for signatures', async () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const options = ['--register', '/', '--profile', 'fiware', '--secret', secret, '--gateway', gateway.url];
    const { terminal, url } = await listen(options);
    await terminal.line('s-1');
    expect(gateway.bodies).toEqual([{ callback: url, profile: 'fiware', secret }]);
  });

  test('with --cleanup ends the subscription with itself; a whole hub address will do', async () => {
    const { terminal, code } = await listen([
      '--register',
      `${gateway.url}/tmf-api/party/v4/hub`,
      '--cleanup',
    ]);
    await terminal.line('s-1');
    terminal.interrupt();
    expect(await code).toBe(0);
    expect(calls()).toEqual(['POST /tmf-api/party/v4/hub', 'DELETE /tmf-api/party/v4/hub/s-1']);
  });

  test('that is refused ends it with 1 and frees the port', async () => {
    gateway.answer = () => ({ status: 400, body: { code: '400', reason: 'loopback is not allowed' } });
    const terminal = new FakeTerminal();
    const argv = ['listen', '--register', '/', '--gateway', gateway.url];
    expect(await run(argv, [listenCommand], '', terminal)).toBe(1);
    expect(terminal.errors.join()).toContain('loopback is not allowed');
    const { callback } = gateway.bodies[0] as { callback: string };
    await expect(post(callback)).rejects.toThrow();
  });
});
