/** Certificates for servers and clients in tests, made by the `openssl` program. EC keys: one takes some 20 ms. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export interface CertificateRequest {
  /** The common name, and the files' name; letters, digits, `-` and `.`. One name twice replaces the files. */
  readonly name: string;
  /** Its time was January 2020. */
  readonly expired?: boolean;
  /** For a client instead of a server. */
  readonly client?: boolean;
  /** Host names of a server; default `localhost`, `127.0.0.1` and `::1`. */
  readonly hosts?: readonly string[];
}

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Key and certificate in one, as Kafka wants its key store. */
  readonly pair: string;
}

export interface TestCa {
  /** The authority's own certificate, what the other side must trust. */
  readonly ca: string;
  issue(request: CertificateRequest): Promise<Certificate>;
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const GOOD = { from: '20200101000000Z', to: '20700101000000Z' };
const EXPIRED = { from: '20200101000000Z', to: '20200201000000Z' };

/**
 * A new authority in `directory`, which is made; a second one elsewhere is the "wrong CA". One certificate at a time
 * is issued. Rejects with one sentence when `openssl` is missing or refuses.
 */
export async function createTestCa(directory: string): Promise<TestCa> {
  await mkdir(directory, { recursive: true });
  const config = path.join(directory, 'openssl.cnf');
  await writeFile(config, CONFIG);
  await writeFile(path.join(directory, 'index.txt'), '');
  const openssl = (...args: string[]): Promise<void> => run(directory, args);
  await openssl(
    ...['req', '-x509', '-config', config, ...KEY, '-subj', '/CN=Test authority', '-extensions', 'authority'],
    ...['-days', '18000', '-keyout', 'ca.key', '-out', 'ca.pem'],
  );
  let last: Promise<unknown> = Promise.resolve();

  async function make(request: CertificateRequest): Promise<Certificate> {
    const [cert, key, pair] = ['crt', 'key', 'pem'].map((end) =>
      path.join(directory, `${request.name}.${end}`),
    );
    const asked = path.join(directory, `${request.name}.csr`);
    const extensions = path.join(directory, `${request.name}.ext`);
    const { from, to } = request.expired ? EXPIRED : GOOD;
    await writeFile(extensions, extensionsOf(request));
    await openssl(
      'req',
      ...['-new', '-config', config, ...KEY, '-subj', `/CN=${request.name}`, '-keyout', key!, '-out', asked],
    );
    await openssl(
      ...['ca', '-batch', '-notext', '-config', config, '-extfile', extensions],
      ...['-startdate', from, '-enddate', to, '-in', asked, '-out', cert!],
    );
    await writeFile(pair!, (await readFile(key!, 'utf8')) + (await readFile(cert!, 'utf8')));
    return { cert: cert!, key: key!, pair: pair! };
  }

  return {
    ca: path.join(directory, 'ca.pem'),
    // The list of issued certificates is a file that two of the program must not write at once.
    issue: (request) => {
      const made = last.then(() => make(request));
      last = made.catch(() => undefined);
      return made;
    },
  };
}

function extensionsOf({ client, hosts = LOOPBACK }: CertificateRequest): string {
  const common =
    'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n';
  if (client) return `${common}extendedKeyUsage=clientAuth\n`;
  const names = hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`));
  return `${common}extendedKeyUsage=serverAuth\nsubjectAltName=${names.join(',')}\n`;
}

async function run(directory: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('openssl', args, { cwd: directory });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new Error('These tests make certificates and need the openssl program: apt-get install openssl', {
        cause: error,
      });
    }
    throw new Error(`openssl refused to make a certificate: ${message}`, { cause: error });
  }
}

const CONFIG = `[req]
distinguished_name = subject
prompt = no
[subject]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
private_key = ca.key
certificate = ca.pem
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
`;
