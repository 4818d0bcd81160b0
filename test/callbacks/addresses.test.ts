import { describeSpecial, parseAddress } from '../../src/callbacks/addresses.ts';

function describeText(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return describeSpecial(address);
}

const SPECIAL: readonly [string, RegExp][] = [
  ['0.0.0.0', /unspecified/],
  ['0.1.2.3', /unspecified/],
  ['127.0.0.1', /loopback/],
  ['127.255.255.254', /loopback/],
  ['169.254.0.1', /link-local/],
  ['169.254.169.254', /link-local.*metadata/],
  ['169.254.170.2', /link-local/],
  ['10.0.0.0', /private/],
  ['10.255.255.255', /private/],
  ['172.16.0.1', /private/],
  ['172.31.255.255', /private/],
  ['192.168.0.1', /private/],
  ['192.168.255.255', /private/],
  ['100.64.0.1', /carrier-grade/],
  ['100.100.100.200', /carrier-grade/],
  ['100.127.255.255', /carrier-grade/],
  ['168.63.129.16', /cloud platform/],
  ['192.0.0.192', /reserved/],
  ['192.0.2.1', /reserved/],
  ['192.88.99.1', /reserved/],
  ['198.18.0.1', /reserved/],
  ['198.19.255.255', /reserved/],
  ['198.51.100.1', /reserved/],
  ['203.0.113.1', /reserved/],
  ['224.0.0.1', /multicast/],
  ['239.255.255.255', /multicast/],
  ['240.0.0.1', /reserved/],
  ['255.255.255.255', /broadcast/],
  ['::', /unspecified/],
  ['::1', /loopback/],
  ['fe80::1', /link-local/],
  ['fe80::1%eth0', /link-local/],
  ['febf::1', /link-local/],
  ['fec0::1', /reserved/],
  ['fc00::1', /private/],
  ['fd00:ec2::254', /private/],
  ['fd20:ce::254', /private/],
  ['ff02::1', /multicast/],
  ['2001:db8::1', /reserved/],
  ['3fff::1', /reserved/],
  ['100::1', /reserved/],
  ['5f00::1', /reserved/],
  ['4000::1', /reserved/],
  // IPv4 addresses in IPv6 clothes.
  ['::ffff:127.0.0.1', /loopback/],
  ['::ffff:7f00:1', /loopback/],
  ['::ffff:169.254.169.254', /link-local/],
  ['::ffff:10.0.0.1', /private/],
  ['::127.0.0.1', /reserved/],
  ['::ffff:0:127.0.0.1', /reserved/],
  ['64:ff9b::127.0.0.1', /loopback/],
  ['64:ff9b::a9fe:a9fe', /link-local/],
  ['64:ff9b::10.1.2.3', /private/],
  ['64:ff9b::168.63.129.16', /cloud platform/],
  ['64:ff9b:1::1', /reserved/],
  ['2002:7f00:1::', /6to4/],
  ['2002:a9fe:a9fe::1', /6to4/],
  ['2001:0:4136:e378:8000:63bf:80ff:fffe', /Teredo/],
];

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];

test.each(SPECIAL)('PITFALLS 26: %s is kept away from', (address, words) => {
  expect(describeText(address)).toMatch(words);
});

test.each(PUBLIC)('%s is a public address', (address) => {
  expect(describeText(address)).toBeUndefined();
});

test.each(['', 'localhost', '127.1', '0x7f000001', '2130706433', '127.0.0.1/8', '1.2.3.4.5', ':::'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);
