/** Files with certificates and keys, whose contents may be replaced while the gateway runs. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const BEGINNING = /-----BEGIN CERTIFICATE-----/g;

export type PemContents = 'certificates' | 'private key';

export class PemFile {
  readonly path: string;
  readonly #contents: PemContents;
  readonly #text: string;
  #checked: string | undefined;

  /** Throws as `read` does. */
  constructor(path: string, contents: PemContents) {
    this.path = path;
    this.#contents = contents;
    this.#text = this.read();
  }

  /** What was in it when this was made. Whoever prints or copies the members of this object does not get it. */
  get text(): string {
    return this.#text;
  }

  /** What is in it now. Throws an error whose message, in a few words, says why it is of no use, and shows nothing of it. */
  read(): string {
    const pem = textIn(this.path);
    if (pem === this.#checked) return pem;
    const problem = this.#contents === 'certificates' ? certificatesProblem(pem) : keyProblem(pem);
    if (problem !== undefined) throw new Error(problem);
    this.#checked = pem;
    return pem;
  }
}

/** Is this the key of the first of these certificates? Both are PEM texts; throws for what is none. */
export function belongTogether(certificates: string, key: string): boolean {
  return new X509Certificate(certificates).checkPrivateKey(createPrivateKey(key));
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // The whole message would repeat the path, which may be a key that was pasted in its place.
    const { errno, code } = error as NodeJS.ErrnoException;
    throw new Error(errno === undefined ? code : getSystemErrorMessage(errno), { cause: error });
  }
}

function certificatesProblem(pem: string): string | undefined {
  const begun = pem.match(BEGINNING)?.length ?? 0;
  if (begun === 0) return 'there is none in it';
  const found = pem.match(CERTIFICATE) ?? [];
  // One that is still being written has no end.
  const areWhole = found.length === begun && found.every((one) => succeeds(() => new X509Certificate(one)));
  return areWhole ? undefined : 'one in it cannot be read';
}

function keyProblem(pem: string): string | undefined {
  return succeeds(() => createPrivateKey(pem)) ? undefined : 'there is none in it that can be read';
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
