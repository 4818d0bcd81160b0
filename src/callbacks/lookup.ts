/** Host names to addresses. */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';

/** All addresses of a host; rejects when there are none. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

/** As the operating system resolves: hosts file, search domains and all. */
export const systemLookup: Lookup = (host) => lookup(host, { all: true });

/**
 * Connections opened while a lookup of their host is under way share its answer; nothing is kept afterwards, so
 * each connection still gets (and checks) addresses as fresh as its own. Without this, one host whose name server
 * is dead would fill the few threads that lookups run on, and everybody else's lookups would wait behind it.
 */
export function shareLookups(lookup: Lookup): Lookup {
  const underWay = new Map<string, Promise<readonly LookupAddress[]>>();
  return (host) => {
    const running = underWay.get(host);
    if (running) return running;
    const started = lookup(host).finally(() => underWay.delete(host));
    underWay.set(host, started);
    return started;
  };
}
