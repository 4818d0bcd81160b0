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
  const reason = 'it refuses the user u or the password with plain (kafka.sasl)';
  expect(knownFailure(failed('SASL authentication failed.', said), settings)).toBe(reason);
});

test('so is anything else that it did not foresee', () => {
  const strange = failed('SASL authentication failed.', failed('the nonce is another one'));
  expect(knownFailure(strange, settings)).toBe('SASL authentication failed.: the nonce is another one');
});
