import { tmfError } from '../../src/tmf/errors.ts';

const base = { status: 400, reason: 'Bad query', message: 'Write it so.' };

test('v4: code, reason, message and the status as text', () => {
  expect(tmfError({ ...base, code: 'invalidQuery', major: 4 })).toEqual({
    code: 'invalidQuery',
    reason: 'Bad query',
    message: 'Write it so.',
    status: '400',
  });
});

test('v5 requires @type', () => {
  expect(tmfError({ ...base, major: 5, referenceError: '/docs' })).toMatchObject({
    '@type': 'Error',
    referenceError: '/docs',
  });
  expect(tmfError({ ...base, major: null })).not.toHaveProperty('@type');
});

test.each([
  [400, 'invalidRequest'],
  [404, 'notFound'],
  [405, 'methodNotAllowed'],
  [409, 'duplicateSubscription'],
  [413, 'tooLarge'],
  [418, 'invalidRequest'],
  [500, 'internalError'],
  [501, 'notSupported'],
  [502, 'internalError'],
  [503, 'unavailable'],
])('%i means %s unless said otherwise', (status, code) => {
  expect(tmfError({ ...base, status, major: 4 })).toMatchObject({ code, status: String(status) });
});
