/** `callbacks.allow`: what may be called although it is not public. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { parseAddress, type Address } from './addresses.ts';

export interface AllowList {
  /** The host may be called whatever it resolves to. `host` in lower case, without a trailing dot. */
  allowsHost(host: string): boolean;
  allowsAddress(address: Address): boolean;
}

type Range = [Address, number];
const HOST_PATTERN = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Reads the entries: an address (`10.1.2.3`), a CIDR range (`10.0.0.0/8`), a host (`crm.internal`), or all hosts
 * below a domain (`*.svc.cluster.local`, at any depth, without the domain itself).
 *
 * @throws {TypeError} naming every entry that is none of these: a wrong entry must stop the start, not be skipped.
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  const ranges: Range[] = [];
  const hosts = new Set<string>();
  const suffixes: string[] = [];
  const wrong: string[] = [];
  for (const entry of entries) {
    const range = parseRange(entry);
    const host = entry.toLowerCase().replace(/\.$/, '');
    if (range) ranges.push(range);
    else if (!HOST_PATTERN.test(host) || /^[\d.]+$/.test(host)) wrong.push(entry);
    else if (host.startsWith('*.')) suffixes.push(host.slice(1));
    else hosts.add(host);
  }
  if (wrong.length > 0) {
    throw new TypeError(
      `callbacks.allow: ${wrong.map((entry) => JSON.stringify(entry)).join(', ')} is no address, CIDR range, ` +
        'host name or pattern such as *.svc.cluster.local',
    );
  }
  return {
    allowsHost: (host) => hosts.has(host) || suffixes.some((suffix) => host.endsWith(suffix)),
    allowsAddress: (address) => ranges.some((range) => contains(range, address)),
  };
}

/** Families never match each other: `0.0.0.0/0` says nothing of IPv6. */
function contains([network, bits]: Range, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function parseRange(entry: string): Range | undefined {
  const [base = '', prefix, ...rest] = entry.split('/');
  const network = parseAddress(base);
  if (network === undefined || rest.length > 0) return undefined;
  const written = isIP(base) === 4 ? 32 : 128;
  const width = network instanceof ipaddr.IPv4 ? 32 : 128;
  if (prefix === undefined) return [network, width];
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > written) return undefined;
  const bits = Number(prefix) - (written - width);
  return bits < 0 ? undefined : [network, bits];
}
