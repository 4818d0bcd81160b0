/** Files with certificates and keys, read once, when the configuration is loaded: a mistake shows before the start. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { explained } from './kinds.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** A file with one or more certificates; its value is their PEM text. */
export function certificates() {
  return explained('a file with certificates in PEM', (path) => {
    const pem = contents(path);
    const found = pem.match(CERTIFICATE) ?? [];
    if (found.length === 0) throw new Error('there is none in it');
    if (!found.every(isCertificate)) throw new Error('one in it cannot be read');
    return pem;
  });
}

/** A file with a private key that wants no passphrase; its value is the PEM text. */
export function privateKey() {
  return explained('a file with a private key in PEM, without passphrase', (path) => {
    const pem = contents(path);
    if (!isPrivateKey(pem)) throw new Error('there is none in it that can be read');
    return pem;
  });
}

/** Do these PEM texts belong together? True too for what is no pair to judge. */
export function belongTogether(certificate: unknown, key: unknown): boolean {
  if (typeof certificate !== 'string' || typeof key !== 'string') return true;
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // The whole message would repeat the path, which may be a key that was pasted in its place.
    const { errno, code } = error as NodeJS.ErrnoException;
    throw new Error(errno === undefined ? code : getSystemErrorMessage(errno), { cause: error });
  }
}

function isCertificate(pem: string): boolean {
  return succeeds(() => new X509Certificate(pem));
}

function isPrivateKey(pem: string): boolean {
  return succeeds(() => createPrivateKey(pem));
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
