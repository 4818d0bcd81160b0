import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../src/admin/access.ts';
import { startAdmin } from './admin-parts.ts';

interface Answer {
  status: number;
  body: { message?: string };
  headers: Record<string, unknown>;
}

type Get = (host: string, path: string, headers?: Record<string, string>) => Promise<Answer>;

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

/** A real server on all addresses, so that the peer's address is a real one too. */
async function serving(token: string | undefined, work: (get: Get) => Promise<void>): Promise<void> {
  const server = createServer(startAdmin(token).app);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await work((host, path, headers = {}) => get(host, port, path, headers));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function get(host: string, port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    httpRequest({ host, port, path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const isJson = response.headers['content-type']?.includes('json') === true;
        const body = (isJson ? JSON.parse(text) : {}) as Answer['body'];
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
      });
    })
      .on('error', reject)
      .end();
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const SUBSCRIPTIONS = '/admin/subscriptions';

test.each([undefined, 'geheim'])('from this machine everything is open (token: %s)', async (token) => {
  await serving(token, async (get) => {
    for (const path of ['/healthz', '/readyz', '/metrics', SUBSCRIPTIONS]) {
      expect((await get('127.0.0.1', path)).status).toBe(200);
    }
    expect((await get('127.0.0.1', SUBSCRIPTIONS, { host: 'localhost:8081' })).status).toBe(200);
  });
});

(outside === undefined ? describe.skip : describe)('from another address', () => {
  const there = outside ?? '';

  test('health, readiness and metrics are open', async () => {
    await serving('geheim', async (get) => {
      for (const path of ['/healthz', '/readyz', '/metrics']) {
        expect((await get(there, path)).status).toBe(200);
      }
    });
  });

  test('/admin needs the token, and says how to send it', async () => {
    await serving('geheim', async (get) => {
      const without = await get(there, SUBSCRIPTIONS);
      expect(without.status).toBe(401);
      expect(without.body.message).toContain('Authorization: Bearer');
      expect(without.headers['www-authenticate']).toContain('Bearer');
      for (const wrong of ['geheim2', 'Geheim', 'geheimgeheim']) {
        const answer = await get(there, SUBSCRIPTIONS, bearer(wrong));
        expect(answer.status).toBe(401);
        expect(answer.body.message).toContain('admin.token');
      }
      expect((await get(there, SUBSCRIPTIONS, { authorization: 'Basic geheim' })).status).toBe(401);
      expect((await get(there, SUBSCRIPTIONS, bearer('geheim'))).status).toBe(200);
      expect((await get(there, '/admin/nothing')).status).toBe(401);
    });
  });

  test.each([undefined, ''])('without a token /admin is closed, and says what to set (%p)', async (token) => {
    await serving(token, async (get) => {
      const answer = await get(there, SUBSCRIPTIONS, bearer(''));
      expect(answer.status).toBe(403);
      expect(answer.body.message).toContain('TMF_HUB_ADMIN_TOKEN');
    });
  });

  test('headers give no trust', async () => {
    await serving('geheim', async (get) => {
      const claims = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', host: 'localhost:8081' };
      expect((await get(there, SUBSCRIPTIONS, claims)).status).toBe(401);
    });
  });
});

test.each([
  ['was forwarded by a proxy', { 'x-forwarded-for': '203.0.113.9' }],
  ['was forwarded by a proxy that says it otherwise', { forwarded: 'for=203.0.113.9' }],
  ['comes from a web page', { origin: 'https://evil.example' }],
  ['comes from a page without origin', { origin: 'null' }],
  ['was sent to a name that was rebound', { host: 'evil.example:8081' }],
])('a request to loopback that %s needs the token', async (_name, headers) => {
  await serving('geheim', async (get) => {
    expect((await get('127.0.0.1', SUBSCRIPTIONS, headers)).status).toBe(401);
    expect((await get('127.0.0.1', SUBSCRIPTIONS, { ...headers, ...bearer('geheim') })).status).toBe(200);
    expect((await get('127.0.0.1', '/healthz', headers)).status).toBe(200);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:10.0.0.1', false],
  ['128.0.0.1', false],
  ['127.evil.example', false],
  ['10.0.0.127', false],
  [undefined, false],
])('isLoopback(%s) is %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
