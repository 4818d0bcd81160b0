/** Where callbacks may go (DESIGN 9). Decided per address at connect time; per name only where that is certain. */
import { isIP } from 'node:net';
import { describeSpecial, isThisMachine, parseAddress, type Address } from './addresses.ts';
import { parseAllowList } from './allow-list.ts';

/** Where the gateway itself listens. */
export interface OwnEndpoints {
  /** Addresses and names it is known by, beside loopback and the addresses of this machine's interfaces. */
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

export interface PolicyOptions {
  /** See `parseAllowList`. */
  readonly allow: readonly string[];
  /** Asked at each decision, because ports are known only once the gateway listens. */
  readonly ownAddresses: () => OwnEndpoints;
  /** The addresses of this machine's interfaces now. */
  readonly localAddresses: () => readonly string[];
}

/** Both functions answer undefined, or why not, in a sentence a person can act on. */
export interface AddressPolicy {
  /** What can be said of a host before it is resolved. `host` in lower case, IPv6 without brackets. */
  refuseHost(host: string, port: number): string | undefined;
  /** Whether a connection to `address`, reached by the name `host`, may be opened. */
  refuseAddress(host: string, address: string, port: number): string | undefined;
}

/** @throws {TypeError} when an `allow` entry cannot be read. */
export function createAddressPolicy(options: PolicyOptions): AddressPolicy {
  const allowed = parseAllowList(options.allow);

  function isGateway(address: Address, port: number): boolean {
    const own = options.ownAddresses();
    if (!own.ports.includes(port)) return false;
    if (isThisMachine(address)) return true;
    const text = address.toString();
    return [...own.hosts, ...options.localAddresses()].some(
      (host) => parseAddress(host)?.toString() === text,
    );
  }

  function refuseAddress(host: string, text: string, port: number): string | undefined {
    const address = parseAddress(text);
    const subject = host === text ? text : `${host} (${text})`;
    if (address === undefined) return `${subject} is no IP address`;
    if (isGateway(address, port)) return ownSentence(subject, port);
    if (allowed.allowsHost(host) || allowed.allowsAddress(address)) return undefined;
    const special = describeSpecial(address);
    return special === undefined
      ? undefined
      : `${subject} is ${special}; callbacks may go there only if callbacks.allow names it`;
  }

  function refuseHost(host: string, port: number): string | undefined {
    if (isIP(host) !== 0) return refuseAddress(host, host, port);
    const own = options.ownAddresses();
    if (own.ports.includes(port) && own.hosts.some((name) => bareHost(name) === host)) {
      return ownSentence(host, port);
    }
    if (host !== 'localhost' && !host.endsWith('.localhost')) return undefined;
    // Names of loopback by definition (RFC 6761). It is enough that one of its two addresses may be called.
    const ipv4 = refuseAddress(host, '127.0.0.1', port);
    return ipv4 === undefined || refuseAddress(host, '::1', port) === undefined ? undefined : ipv4;
  }

  return { refuseHost, refuseAddress };
}

/** A host as the policy compares it: lower case, without brackets and without the root's dot. */
export function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** RULES 23: no allow entry opens the gateway's own ports, or whoever may register might call its admin side. */
function ownSentence(subject: string, port: number): string {
  return `${subject}, port ${port}, is this gateway itself; a callback must lead to a listener`;
}
