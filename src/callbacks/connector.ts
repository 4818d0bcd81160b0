/** Opens the connections of one origin, only to addresses that the policy has just checked. */
import { Socket, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { Lookup } from './lookup.ts';
import type { AddressPolicy } from './policy.ts';

export interface ConnectorOptions {
  readonly host: string;
  readonly port: number;
  readonly policy: AddressPolicy;
  readonly lookup: Lookup;
  /** For name lookup, TCP and TLS together; precise to about half a second. */
  readonly connectTimeoutMs: number;
  /** Told of each connection as soon as it is being opened. */
  readonly onSocket: (socket: Socket) => void;
}

/** The connection was never tried: the policy forbids where it would lead. */
class PolicyRefusal extends Error {
  readonly code = 'REFUSED_BY_POLICY';
}

/**
 * The check sits inside the socket's own lookup, so the address that is checked is the address that is connected
 * to: a name that resolves to something else a moment later (DNS rebinding) gains nothing. Literal addresses
 * never reach that lookup and are checked before.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { host, port, policy, connectTimeoutMs, onSocket } = options;
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    lookup: guardedLookup(options),
  });
  return (target, callback) => {
    const refusal = policy.refuseHost(host, port);
    if (refusal !== undefined) {
      queueMicrotask(() => callback(new PolicyRefusal(refusal), null));
      return;
    }
    // The types hide that the socket is returned at once; a connection that is still being made must be known too.
    const socket: unknown = connect(target, callback);
    if (socket instanceof Socket) onSocket(socket);
  };
}

/** Of all addresses of the host those that may be called; an error when none is left. */
function guardedLookup({ host, port, policy, lookup }: ConnectorOptions): LookupFunction {
  return (name, asked, callback) => {
    lookup(name).then(
      (addresses) => {
        const refusals = addresses.map(({ address }) => policy.refuseAddress(host, address, port));
        const permitted = addresses.filter((_, i) => refusals[i] === undefined);
        const [first] = permitted;
        const [refusal] = refusals;
        if (first === undefined && refusal !== undefined) callback(new PolicyRefusal(refusal), []);
        else if (first === undefined) callback(new Error(`${host} has no address`), []);
        else if (asked.all) callback(null, [...permitted]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, []),
    );
  };
}
