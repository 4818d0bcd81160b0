import { join } from 'node:path';
import { MountedSecret } from './mounted-secret.ts';
import type { RefusedGateway } from './refused-gateway.ts';
import { createTestCa, type Certificate } from './test-ca.ts';

/** What one authority has signed. */
export interface Signed {
  /** Its own certificate. */
  readonly ca: string;
  readonly server: Certificate;
  readonly client: Certificate;
}

/** A gateway's files for TLS in a mounted Secret: those of one authority first, those of another one later. */
export class Renewal {
  readonly first: Signed;
  readonly second: Signed;
  readonly #mounted: MountedSecret;

  private constructor(folder: string, first: Signed, second: Signed) {
    this.first = first;
    this.second = second;
    this.#mounted = new MountedSecret(join(folder, 'secret'));
    this.#mount(first);
  }

  /** All files are in `folder`. Clients are called `first` and `second`. */
  static async prepare(folder: string): Promise<Renewal> {
    const [first, second] = await Promise.all(['first', 'second'].map((name) => signed(folder, name)));
    return new Renewal(folder, first!, second!);
  }

  settings(section: 'KAFKA' | 'RABBITMQ' | 'REDIS'): Record<string, string> {
    const files = ['ca', 'cert', 'key'].map((name) => [name.toUpperCase(), this.#mounted.path(name)]);
    return Object.fromEntries(files.map(([name, path]) => [`TMF_HUB_${section}_TLS_${name}`, path!]));
  }

  renew(): void {
    this.#mount(this.second);
  }

  #mount({ ca, client }: Signed): void {
    this.#mounted.replace({ ca, cert: client.cert, key: client.key });
  }
}

async function signed(folder: string, name: string): Promise<Signed> {
  const authority = await createTestCa(join(folder, name));
  const server = await authority.issue({ name: 'server' });
  return { ca: authority.ca, server, client: await authority.issue({ name, client: true }) };
}

/** What a gateway said of its files, each with its settings. */
export function toldOfFiles({ process: { output } }: RefusedGateway): unknown[] {
  const lines = output.map((line) => JSON.parse(line) as { msg: string; settings?: unknown });
  return lines.filter(({ msg }) => msg.startsWith('tls.')).map(({ msg, settings }) => [msg, settings]);
}
