import { parseAddress } from '../../src/callbacks/addresses.ts';
import { parseAllowList } from '../../src/callbacks/allow-list.ts';

function allowsAddress(entry: string, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && parseAllowList([entry]).allowsAddress(parsed);
}

test.each([
  ['10.0.0.0/8', '10.200.3.4', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3', '10.1.2.4', false],
  ['127.0.0.0/8', '::ffff:127.0.0.1', true],
  ['127.0.0.0/8', '::1', false],
  ['::1/128', '::1', true],
  ['fd00::/8', 'fd12:3456::1', true],
  ['fd00::/8', 'fe80::1', false],
  ['0.0.0.0/0', '192.168.1.1', true],
  ['0.0.0.0/0', 'fd00::1', false],
  ['::/0', 'fd00::1', true],
  ['::/0', '10.0.0.1', false],
  ['::ffff:10.0.0.0/104', '10.9.9.9', true],
  ['::ffff:10.0.0.0/104', '11.9.9.9', false],
])('%s on %s: %p', (entry, address, allowed) => {
  expect(allowsAddress(entry, address)).toBe(allowed);
});

test.each([
  ['crm.internal', 'crm.internal', true],
  ['CRM.Internal.', 'crm.internal', true],
  ['crm.internal', 'a.crm.internal', false],
  ['*.svc.cluster.local', 'billing.bss.svc.cluster.local', true],
  ['*.svc.cluster.local', 'billing.svc.cluster.local', true],
  ['*.svc.cluster.local', 'svc.cluster.local', false],
  ['*.svc.cluster.local', 'evilsvc.cluster.local', false],
  ['*.svc.cluster.local', 'svc.cluster.local.evil.example', false],
  ['*.canvas', 'productcatalog.canvas', true],
  ['localhost', 'localhost', true],
  ['my_service', 'my_service', true],
])('%s on the host %s: %p', (entry, host, allowed) => {
  expect(parseAllowList([entry]).allowsHost(host)).toBe(allowed);
});

test('an entry that cannot be read stops the start, and all of them are named', () => {
  const wrong = ['10.0.0.0/33', '10.0.0/8', '*', 'a.*.b', 'http://x', 'x:80', '', '::/129', '1.2.3.4/8/8'];
  for (const entry of wrong) expect(() => parseAllowList([entry])).toThrow(TypeError);
  expect(() => parseAllowList(['10.0.0.0/8', ...wrong])).toThrow(/"10\.0\.0\.0\/33".*"x:80"/);
});
