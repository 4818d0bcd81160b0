import { makeSender } from './setting.ts';

const STRICT = { allow: [] };

test.each([
  ['javascript:alert(1)', /javascript:.*use https or http/],
  ['ftp://listener.example/x', /ftp:.*use https or http/],
  ['file:///etc/passwd', /file:.*use https or http/],
  ['data:text/plain,x', /data:/],
  ['listener.example/hook', /no absolute URL.*https:\/\//],
  ['/hook', /no absolute URL/],
  ['', /no absolute URL/],
  ['http://', /no valid host/],
  ['http:///hook', /no valid host/],
  ['http:listener.example', /no valid host/],
  ['http://[::1', /no valid host/],
  ['http://listener.example:99999/', /no valid host/],
  ['http://1.2.3.256/', /no valid host/],
  ['http://listener.example:0/', /port 0/],
  ['https://user:secret@listener.example/', /credentials/],
  ['https://token@listener.example/', /credentials/],
  ['https://listener.example/hook#part', /fragment/],
  ['https://listener.example/hook#', /fragment/],
  [' https://listener.example/', /blanks/],
  ['https://listener.example/a b', /blanks/],
  ['https://listener.example/\r\nHost: x', /blanks, control/],
  ['https:\\\\listener.example\\', /backslashes/],
  [`https://listener.example/${'x'.repeat(2048)}`, /longer than 2048/],
])('%j is refused with a reason', (url, reason) => {
  expect(makeSender(STRICT).refusal(url)).toMatch(reason);
});

test.each([
  'http://127.0.0.1/',
  'http://127.0.0.1:9000/hook',
  'http://127.1/',
  'http://2130706433/',
  'http://017700000001/',
  'http://0x7f.0.0.1/',
  'http://0x7f000001/',
  'http://127.0.0.1./',
  'http://%31%32%37.0.0.1/',
  'http://①②⑦.⓪.⓪.①/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://0/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://10.0.0.1/',
  'http://192.168.1.1:8080/',
  'https://172.20.0.1/',
  'http://100.64.0.1/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://localhost/',
  'http://LOCALHOST:8080/',
  'http://localhost./',
  'http://api.localhost/',
])('PITFALLS 26: %s is refused without the network, naming the setting that would allow it', (url) => {
  expect(makeSender(STRICT).refusal(url)).toMatch(/callbacks\.allow/);
});

test.each([
  'https://listener.example/hook',
  'http://listener.example:8080/hook?tenant=a&x=%20y',
  'https://8.8.8.8/hook',
  'https://[2606:4700::1111]/hook',
  'https://localhost.example.com/',
  'https://this-host-does-not-exist.example/never/resolved/here',
  'https://bücher.example/hook',
  `https://listener.example/${'x'.repeat(2000)}`,
])('%s may be registered', (url) => {
  expect(makeSender(STRICT).refusal(url)).toBeUndefined();
});

test('allow entries open what they name', () => {
  const sender = makeSender({ allow: ['127.0.0.0/8', '10.0.0.0/8', 'api.localhost', '*.svc.cluster.local'] });
  for (const host of ['127.0.0.1', 'localhost', '10.2.3.4', 'api.localhost', 'a.b.svc.cluster.local']) {
    expect(sender.refusal(`http://${host}:9000/`)).toBeUndefined();
  }
  for (const host of ['[::1]', '192.168.0.1', '169.254.169.254']) {
    expect(sender.refusal(`http://${host}:9000/`)).toMatch(/callbacks\.allow/);
  }
});

test('a scheme that is not configured is refused', () => {
  const sender = makeSender({ ...STRICT, schemes: ['https'] });
  expect(sender.refusal('http://listener.example/')).toMatch(/"http:".*use https$/);
  expect(sender.refusal('https://listener.example/')).toBeUndefined();
});

test('a refusal never repeats what may be secret', () => {
  expect(makeSender(STRICT).refusal('https://user:hunter2@listener.example/?token=abc')).not.toMatch(
    /hunter2|abc/,
  );
});
