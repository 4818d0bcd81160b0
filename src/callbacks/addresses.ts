/** What an IP address is: an ordinary public one, or one that callbacks stay away from unless it is allowed. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

const WORDS: Readonly<Record<string, string>> = {
  unspecified: 'the unspecified address, which means this machine',
  loopback: 'a loopback address',
  linkLocal: 'a link-local address, where metadata services live',
  private: 'a private address',
  uniqueLocal: 'a private address',
  carrierGradeNat: 'a shared address behind carrier-grade NAT',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  '6to4': 'a 6to4 address, which leads to an IPv4 address of anybody',
  teredo: 'a Teredo address, which leads to an IPv4 address of anybody',
};

/** The Azure host agent: it hands out a machine's identity and has, unlike all its like, a public address. */
const PLATFORM_AGENT = '168.63.129.16';

const GLOBAL_IPV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
const NAT64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96];

/**
 * Reads an IP address in its usual notation, with or without a zone; undefined if it is none. IPv6 forms of an
 * IPv4 address (`::ffff:a.b.c.d`) become that IPv4 address, because the kernel connects to nothing else.
 */
export function parseAddress(text: string): Address | undefined {
  const bare = text.replace(/%.*$/, '');
  if (isIP(bare) === 0) return undefined;
  // The parser takes the long dead `::a.b.c.d` for `::ffff:a.b.c.d`; the kernel does not.
  return ipaddr.process(bare.replace(/^::(?=\d+\.)/, '::0:'));
}

/**
 * Undefined for a public unicast address, else what it is in words that follow "is". An address that carries an
 * IPv4 address inside (NAT64) is what that IPv4 address is.
 */
export function describeSpecial(address: Address): string | undefined {
  if (address instanceof ipaddr.IPv6) {
    if (address.match(NAT64)) return describeSpecial(embeddedIpv4(address));
    if (!address.match(GLOBAL_IPV6)) return WORDS[address.range()] ?? 'a reserved address';
  }
  if (address.toString() === PLATFORM_AGENT) return "a cloud platform's agent";
  const range = address.range();
  return range === 'unicast' ? undefined : (WORDS[range] ?? 'a reserved address');
}

/** True where a connection ends at this very machine whatever its interfaces are. */
export function isThisMachine(address: Address): boolean {
  const range = address.range();
  return range === 'loopback' || range === 'unspecified';
}

function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}
