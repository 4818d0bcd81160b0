import { knownFailure } from '../../src/brokers/kafka/wire/failure.ts';

/** What the client says of one password that is refused depends on what it noticed first. */

const settings = { sasl: { mechanism: 'plain', username: 'u', password: 'p' } } as const;

const failed = (message: string, cause?: Error): Error => new Error(message, { cause });

test('that a connection has ended, even while it signs in, is no reason', () => {
  const ended = failed('SASL authentication failed.', failed('Connection closed'));
  expect(knownFailure(ended, settings)).toBeUndefined();
  expect(knownFailure(failed('Connection to h:1 failed.', ended), settings)).toBeUndefined();
});

test('what the broker said of it is one', () => {
  const said = Object.assign(failed('Authentication failed'), { apiId: 'SASL_AUTHENTICATION_FAILED' });
  const sentence = 'it refuses the user u or the password with plain (kafka.sasl)';
  const signIn = failed('SASL authentication failed.', said);
  expect(knownFailure(signIn, settings)).toEqual({ sentence, isRefusal: true });
});

test('so is anything else that it did not foresee', () => {
  const strange = failed('SASL authentication failed.', failed('the nonce is another one'));
  expect(knownFailure(strange, settings)).toEqual({
    sentence: 'SASL authentication failed.: the nonce is another one',
    isRefusal: false,
  });
});

const tls = {};

test.each<[string, Error & { code?: string }, Parameters<typeof knownFailure>[1]]>([
  ['a certificate', Object.assign(new Error('expired'), { code: 'CERT_HAS_EXPIRED' }), { tls }],
  [
    'our certificate',
    Object.assign(new Error('alert'), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }),
    { tls },
  ],
  ['a mechanism', Object.assign(new Error('no'), { apiId: 'UNSUPPORTED_SASL_MECHANISM' }), settings],
  ['a user where there are none', Object.assign(new Error('no'), { apiId: 'ILLEGAL_SASL_STATE' }), settings],
  ['speech without TLS', failed('Broker requires TLS.'), {}],
])('waiting does not mend %s', (_, cause, about) => {
  expect(knownFailure(failed('Connection to h:1 failed.', cause), about)?.isRefusal).toBe(true);
});

test.each<[string, Error, Parameters<typeof knownFailure>[1]]>([
  ['nobody there', Object.assign(new Error('connect ECONNREFUSED h:1'), { code: 'ECONNREFUSED' }), {}],
  ['no name', Object.assign(new Error('getaddrinfo ENOTFOUND h'), { code: 'ENOTFOUND' }), {}],
  ['no answer in time', failed('Connection to h:1 timed out.'), { tls }],
  ['a connection cut before TLS', Object.assign(new Error('read'), { code: 'ECONNRESET' }), { tls }],
  [
    'a connection cut before signing in',
    failed('Cannot find a suitable SASL mechanism.', failed('Connection closed')),
    settings,
  ],
])('it may mend: %s', (_, cause, about) => {
  expect(knownFailure(failed('Connection to h:1 failed.', cause), about)?.isRefusal).toBe(false);
});
