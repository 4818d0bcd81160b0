/** Settings of TLS towards a server whose URL says whether there is TLS. */
import { isHostName } from './addresses.ts';
import { text } from './kinds.ts';
import { certificates, privateKey } from './pem.ts';
import { optional, section } from './setting.ts';

/** TLS may be told the name of a host, never an address. */
export const serverName = () => text('a host name', isHostName);

/** `{name}.tls`, which counts where `{name}.url` begins with `scheme`. */
export function tlsSection(name: 'rabbitmq' | 'redis', scheme: string) {
  return section(
    `TLS towards the server, where ${name}.url is ${scheme}; files are read once, at the start`,
    {
      ca: optional(
        certificates(),
        'Authorities that may have signed the certificate of the server; without it those that Node.js knows.',
        { example: `/etc/tmf-hub/${name}/ca.pem` },
      ),
      cert: optional(
        certificates(),
        'Certificate of this gateway, with those between it and its authority, where the server asks for one.',
        { example: `/etc/tmf-hub/${name}/client.pem` },
      ),
      key: optional(privateKey(), `Private key of ${name}.tls.cert.`, {
        example: `/etc/tmf-hub/${name}/client.key`,
        secret: true,
      }),
      serverName: optional(
        serverName(),
        `Name that the certificate of the server must have; without it the host of ${name}.url.`,
        { example: `${name}.example.com` },
      ),
    },
  );
}

export const tlsMembers = ['ca', 'cert', 'key', 'serverName'] as const;
