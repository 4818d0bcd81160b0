/** The files of a section `tls`, read again for each new connection: certificates are renewed while the gateway runs. */
import type { Logger } from './logger.ts';
import { belongTogether, type PemFile } from './pem-file.ts';

/** PEM texts. */
export interface TlsTexts {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What a driver is told of TLS. */
export interface Tls extends TlsTexts {
  /** Name that the certificate of the other side must have; else the host that is connected to. */
  readonly serverName?: string | undefined;
  /** The texts that count for a connection made now; the same object for as long as nothing changes. */
  readonly renewed?: () => TlsTexts;
}

interface TlsSettings {
  readonly ca?: PemFile | undefined;
  readonly cert?: PemFile | undefined;
  readonly key?: PemFile | undefined;
  readonly serverName?: string | undefined;
}

const MEMBERS = ['ca', 'cert', 'key'] as const;

/** What a connection made now goes by. */
export function presentTexts<T extends Tls | undefined>(tls: T): TlsTexts | T {
  return tls?.renewed?.() ?? tls;
}

/**
 * The texts always belong together: where one file cannot be used at the moment (it is half written, or away), all stay
 * as they were, and the log says so, once for each reason until all is well again.
 */
export class TlsFiles implements Tls {
  readonly serverName: string | undefined;
  readonly #settings: TlsSettings;
  readonly #section: string;
  readonly #logger: Logger;
  readonly #said = new Set<string>();
  #good: TlsTexts;

  /** `section`: whose `tls` it is, such as `kafka`. Begins with what was read for the configuration. */
  constructor(section: 'kafka' | 'rabbitmq' | 'redis', settings: TlsSettings, logger: Logger) {
    const { ca, cert, key, serverName } = settings;
    this.serverName = serverName;
    this.#settings = settings;
    this.#section = section;
    this.#logger = logger;
    this.#good = { ca: ca?.text, cert: cert?.text, key: key?.text };
  }

  get ca(): string | undefined {
    return this.#good.ca;
  }

  get cert(): string | undefined {
    return this.#good.cert;
  }

  get key(): string | undefined {
    return this.#good.key;
  }

  /** Reads the files. Never throws. */
  renewed(): TlsTexts {
    const present = this.#read();
    if (present === undefined) return this.#good;
    this.#said.clear();
    const changed = MEMBERS.filter((member) => present[member] !== this.#good[member]);
    if (changed.length === 0) return this.#good;
    this.#good = present;
    this.#logger.info({ settings: changed.map((member) => this.#nameOf(member)) }, 'tls.files-renewed');
    return present;
  }

  /** Undefined when they are not all of use. */
  #read(): TlsTexts | undefined {
    const texts: { -readonly [M in keyof TlsTexts]: TlsTexts[M] } = {};
    for (const member of MEMBERS) {
      try {
        texts[member] = this.#settings[member]?.read();
      } catch (error) {
        return this.#notOfUse(member, (error as Error).message);
      }
    }
    const { cert, key } = texts;
    if (cert === undefined || key === undefined || belongTogether(cert, key)) return texts;
    return this.#notOfUse('key', `it is not the key of ${this.#nameOf('cert')}`);
  }

  #notOfUse(member: (typeof MEMBERS)[number], why: string): undefined {
    const setting = this.#nameOf(member);
    const reason = `${setting}: ${why}; what was read before counts`;
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    this.#logger.warn({ setting, path: this.#settings[member]?.path, reason }, 'tls.files-unreadable');
  }

  #nameOf(member: (typeof MEMBERS)[number]): string {
    return `${this.#section}.tls.${member}`;
  }
}
