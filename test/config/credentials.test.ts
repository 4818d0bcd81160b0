import { withCredentials } from '../../src/config/credentials.ts';

test.each([
  ['amqp://h/vhost', { username: 'u', password: 'p' }, 'amqp://u:p@h/vhost'],
  ['amqps://h', { username: 'u', password: 'p' }, 'amqps://u:p@h'],
  // A part that is given wins over that part of the URL, the other one stays.
  ['amqp://a:b@h/', { username: 'u' }, 'amqp://u:b@h/'],
  ['amqp://a:b@h/', { password: 'p' }, 'amqp://a:p@h/'],
  ['redis://h:6379/0', { password: 'p' }, 'redis://:p@h:6379/0'],
])('%s', (url, given, whole) => {
  expect(withCredentials(url, given)).toBe(whole);
});

test('without any the URL is left as it is', () => {
  expect(withCredentials('', {})).toBe('');
  expect(withCredentials('AMQP://a:100%@h', {})).toBe('AMQP://a:100%@h');
});

test.each(['a@b', 'a:b', 'a/b?c#d', '100%', '%41', 'pässwörd €', '[]{}|\\^`"<>', ' a '])(
  'as it is: %s',
  (text) => {
    const url = new URL(withCredentials('redis://h:6379/0', { username: text, password: text }));
    expect([url.username, url.password].map((part) => decodeURIComponent(part))).toEqual([text, text]);
    expect(url.host).toBe('h:6379');
  },
);
