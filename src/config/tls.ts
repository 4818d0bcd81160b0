/** Settings of TLS towards brokers and Redis. */
import { isHostName } from './addresses.ts';
import { text } from './kinds.ts';
import { certificates, privateKey } from './pem.ts';
import { optional, section } from './setting.ts';

/** Ends the description of such a section. */
export const READ_AGAIN =
  'its files are read again for each new connection, so that a renewed certificate counts without a restart';

/** What TLS needs towards any server: `{name}.tls.ca` and so on. */
export function tlsFiles(name: 'kafka' | 'rabbitmq' | 'redis') {
  return {
    ca: optional(
      certificates(),
      'Authorities that may have signed the certificate of the other side; without it those that Node.js knows.',
      { example: `/etc/tmf-hub/${name}/ca.pem` },
    ),
    cert: optional(
      certificates(),
      'Certificate of this gateway, with those between it and its authority, where the other side asks for one.',
      { example: `/etc/tmf-hub/${name}/client.pem` },
    ),
    key: optional(privateKey(), `Private key of ${name}.tls.cert.`, {
      example: `/etc/tmf-hub/${name}/client.key`,
      secret: true,
    }),
    // TLS may be told the name of a host, never an address.
    serverName: optional(
      text('a host name', isHostName),
      'Name that the certificate of the other side must have; without it the host that is connected to.',
      { example: `${name}.example.com` },
    ),
  };
}

/** `{name}.tls`, which counts where `{name}.url` begins with `scheme`. */
export function tlsSection(name: 'rabbitmq' | 'redis', scheme: string) {
  return section(`TLS towards the server, where ${name}.url is ${scheme}; ${READ_AGAIN}`, tlsFiles(name));
}

export const tlsMembers = ['ca', 'cert', 'key', 'serverName'] as const;
