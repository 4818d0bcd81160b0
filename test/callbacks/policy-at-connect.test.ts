import { networkInterfaces } from 'node:os';
import type { RequestListener } from 'node:http';
import { listen, listenOnIpv6, makeSender, post, resolvesTo } from './setting.ts';

const ok: RequestListener = (_request, response) => response.writeHead(204).end();
const refused = (message: RegExp) => ({
  failure: 'refused-by-policy',
  message: expect.stringMatching(message) as string,
});

test.each(['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0.0.0.0'])(
  'PITFALLS 26: a literal address is refused without a connection: %s',
  async (host) => {
    const listener = await listen(ok);
    const sender = makeSender({ allow: [] });
    const answer = await post(sender, `http://${host}:${listener.port}/`);
    expect(answer).toMatchObject(refused(/callbacks\.allow/));
    expect(listener.accepted()).toBe(0);
    expect(sender.stats()).toMatchObject({ inFlight: 0, sockets: 0 });
  },
);

test.each(['127.0.0.1', '::1', '169.254.169.254', '10.0.0.1', 'fd00:ec2::254', '::ffff:127.0.0.1'])(
  'PITFALLS 26: a name that resolves to %s is refused without a connection',
  async (address) => {
    const listener = await listen(ok);
    const sender = makeSender({ allow: [], lookup: resolvesTo(address) });
    const url = `http://innocent.example:${listener.port}/`;
    expect(sender.refusal(url)).toBeUndefined();
    expect(await post(sender, url)).toMatchObject(refused(/^innocent\.example \(.*callbacks\.allow/));
    expect(listener.accepted()).toBe(0);
  },
);

test('PITFALLS 26: a name that resolves to another address later (rebinding) is checked at each connection', async () => {
  const listener = await listen(ok);
  const answers = [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1']];
  const sender = makeSender({
    allow: ['127.0.0.1'],
    idleOrigins: 0,
    lookup: (host) => resolvesTo(...(answers.shift() ?? []))(host),
  });
  const url = `http://rebinding.example:${listener.port}/`;
  expect(await post(sender, url)).toMatchObject({ status: 204 });
  expect(await post(sender, url)).toMatchObject(refused(/169\.254\.169\.254/));
  expect(await post(sender, url)).toMatchObject({ status: 204 });
});

test('PITFALLS 26: of several addresses only those that may be called are tried', async () => {
  const listener = await listen(ok);
  const forbidden = await listenOnIpv6(listener.port, ok);
  const sender = makeSender({ allow: ['127.0.0.1'], lookup: resolvesTo('::1', '10.0.0.1', '127.0.0.1') });
  expect(await post(sender, `http://mixed.example:${listener.port}/`)).toMatchObject({ status: 204 });
  expect(forbidden?.accepted() ?? 0).toBe(0);
  const none = makeSender({ allow: [], lookup: resolvesTo('::1', '10.0.0.1') });
  expect(await post(none, `http://mixed.example:${listener.port}/`)).toMatchObject(refused(/mixed\.example/));
});

test('an allowed host may be called whatever it resolves to', async () => {
  const listener = await listen(ok);
  const sender = makeSender({ allow: ['*.svc.cluster.local'], lookup: resolvesTo('127.0.0.1') });
  const port = listener.port;
  expect(await post(sender, `http://crm.bss.svc.cluster.local:${port}/`)).toMatchObject({ status: 204 });
  expect(await post(sender, `http://crm.other.example:${port}/`)).toMatchObject(refused(/callbacks\.allow/));
});

test('what can be refused without the network is never sent either', async () => {
  const listener = await listen(ok);
  const sender = makeSender();
  const url = `http://user:secret@127.0.0.1:${listener.port}/`;
  expect(await post(sender, url)).toMatchObject({ ...refused(/credentials/), durationMs: 0 });
  expect(await post(sender, 'gopher://listener.example/')).toMatchObject(refused(/gopher/));
  expect(listener.accepted()).toBe(0);
});

test('the lookup of the operating system serves when none is given', async () => {
  const listener = await listen(ok);
  expect(await post(makeSender(), `http://localhost:${listener.port}/`)).toMatchObject({ status: 204 });
});

describe("RULES 23: the gateway's own ports", () => {
  const everything = ['0.0.0.0/0', '::/0', '*.svc.cluster.local', 'gateway.example'];
  const own = (...addresses: string[]) => ({ lookup: resolvesTo(...addresses), allow: everything }) as const;

  async function gateway() {
    const listener = await listen(ok);
    return {
      listener,
      ownAddresses: () => ({ hosts: ['gateway.example', '192.0.2.7'], ports: [listener.port] }),
    };
  }

  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '[::1]',
    '0.0.0.0',
    '[::]',
    '[::ffff:127.0.0.1]',
    'localhost',
    '192.0.2.7',
  ])('are refused by literal address and at once, whatever is allowed: %s', async (host) => {
    const { listener, ownAddresses } = await gateway();
    const sender = makeSender({ ...own('127.0.0.1'), ownAddresses });
    const url = `http://${host}:${listener.port}/admin/subscriptions`;
    expect(sender.refusal(url)).toMatch(/this gateway itself/);
    expect(await post(sender, url)).toMatchObject(refused(/this gateway itself/));
    expect(listener.accepted()).toBe(0);
  });

  test.each(['127.0.0.1', '127.0.0.53', '::1', '0.0.0.0', '::ffff:127.0.0.1', '192.0.2.7'])(
    'are refused by a name that resolves to %s, even an allowed one',
    async (address) => {
      const { listener, ownAddresses } = await gateway();
      const sender = makeSender({ ...own(address), ownAddresses });
      for (const host of ['me.svc.cluster.local', 'other.example']) {
        const url = `http://${host}:${listener.port}/`;
        expect(sender.refusal(url)).toBeUndefined();
        expect(await post(sender, url)).toMatchObject(refused(/this gateway itself/));
      }
      expect(listener.accepted()).toBe(0);
    },
  );

  test('are refused by the addresses of this machine and by the names the gateway is known by', async () => {
    const { listener, ownAddresses } = await gateway();
    const sender = makeSender({ ...own('198.51.100.1'), ownAddresses });
    const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each);
    const hosts = addresses.map(({ address, family }) =>
      family === 'IPv6' ? `[${address.replace(/%.*/, '')}]` : address,
    );
    for (const host of [...hosts, 'gateway.example', 'GATEWAY.example.']) {
      expect(sender.refusal(`http://${host}:${listener.port}/`)).toMatch(/this gateway itself/);
    }
  });

  test('other ports of the same machine are open where allowed', async () => {
    const { ownAddresses } = await gateway();
    const neighbour = await listen(ok);
    const sender = makeSender({ ...own('127.0.0.1'), ownAddresses });
    for (const host of ['127.0.0.1', 'gateway.example']) {
      expect(await post(sender, `http://${host}:${neighbour.port}/`)).toMatchObject({ status: 204 });
    }
  });

  test('the default port counts as a port', () => {
    const sender = makeSender({ allow: everything, ownAddresses: () => ({ hosts: [], ports: [80, 443] }) });
    for (const url of ['http://127.0.0.1/', 'https://localhost/']) {
      expect(sender.refusal(url)).toMatch(/this gateway itself/);
    }
  });

  test('ports that become known later are refused from then on', async () => {
    const ports: number[] = [];
    const sender = makeSender({ ownAddresses: () => ({ hosts: [], ports }) });
    expect(sender.refusal('http://127.0.0.1:8080/')).toBeUndefined();
    ports.push(8080);
    expect(sender.refusal('http://127.0.0.1:8080/')).toMatch(/this gateway itself/);
  });
});
