import { Webhook } from 'standardwebhooks';
import { secretProblem, signatureOf } from '../../src/webhook-signature.ts';
import { listen, makeSender } from './setting.ts';

const key = (byte: number, length = 32) => `whsec_${Buffer.alloc(length, byte).toString('base64')}`;
const now = () => String(Math.floor(Date.now() / 1000));

test('the example of the Standard Webhooks specification', () => {
  const body = Buffer.from('{"test": 2432232314}');
  expect(
    signatureOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', body),
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a listener with either key of a rotation can verify it, another key cannot', () => {
  const body = Buffer.from('{"eventId":"Gerät"}');
  const headers = { 'webhook-id': 'e1:s1', 'webhook-timestamp': now() };
  const signature = signatureOf(`${key(1)} ${key(2)}`, 'e1:s1', headers['webhook-timestamp'], body);
  const verify = (one: string) =>
    new Webhook(one).verify(body.toString(), { ...headers, 'webhook-signature': signature });
  for (const one of [key(1), key(2)]) expect(verify(one)).toEqual({ eventId: 'Gerät' });
  expect(() => verify(key(3))).toThrow();
});

test('a request with a secret is signed on the wire, one without is not, and the secret is not sent', async () => {
  const seen: { headers: Record<string, unknown>; body: string }[] = [];
  const listener = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(204).end();
    });
  });
  const sender = makeSender();
  const headers = { 'webhook-id': 'e1:s1', 'webhook-timestamp': now() };
  const request = { url: listener.url, headers, body: Buffer.from('{"a":1}') };
  await sender.send({ ...request, secret: key(7) }).answer;
  await sender.send(request).answer;
  await sender.close();
  const [signed, unsigned] = seen;
  expect(new Webhook(key(7)).verify(signed?.body ?? '', signed?.headers as Record<string, string>)).toEqual({
    a: 1,
  });
  expect(JSON.stringify(signed)).not.toContain(key(7).slice(6));
  expect(unsigned?.headers['webhook-signature']).toBeUndefined();
});

test.each([
  ['a word', 'topsecret', /"whsec_"/],
  ['too short', key(1, 23), /24 to 64 bytes/],
  ['too long', key(1, 65), /24 to 64 bytes/],
  ['two blanks', `${key(1)}  ${key(2)}`, /one blank/],
  ['five keys', Array.from({ length: 5 }, (_, i) => key(i)).join(' '), /at most 4/],
])('no secret: %s', (_name, secret, problem) => {
  expect(secretProblem(secret)).toMatch(problem);
  expect(secretProblem(secret)).not.toContain(secret);
});

test.each([key(1, 24), key(1, 64), `${key(1)} ${key(2)}`])('a secret: %s', (secret) => {
  expect(secretProblem(secret)).toBeUndefined();
});
