/** Files with certificates and keys: read when the configuration is loaded, so that a mistake shows before the start. */
import { belongTogether, PemFile } from '../pem-file.ts';
import { explained } from './kinds.ts';

/** A file with one or more certificates. */
export function certificates() {
  return explained('a file with certificates in PEM', (path) => new PemFile(path, 'certificates'));
}

/** A file with a private key that wants no passphrase. */
export function privateKey() {
  return explained(
    'a file with a private key in PEM, without passphrase',
    (path) => new PemFile(path, 'private key'),
  );
}

/** Do these files belong together? True too for what is no pair to judge. */
export function areAPair(certificate: unknown, key: unknown): boolean {
  if (!(certificate instanceof PemFile) || !(key instanceof PemFile)) return true;
  return belongTogether(certificate.text, key.text);
}
