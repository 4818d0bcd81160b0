/** What went wrong with TLS, told to an operator. OpenSSL's own words name its source files and threads. */

/** `{}` stands for the section of the settings. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^CERT_HAS_EXPIRED$/, 'shows a certificate that has expired'],
  [/^CERT_NOT_YET_VALID$/, 'shows a certificate that is not valid yet'],
  [/^CERT_REVOKED$/, 'shows a certificate that was revoked'],
  [
    /^(?:UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT(?:_IN_CHAIN)?|CERT_(?:SIGNATURE_FAILURE|UNTRUSTED|REJECTED)|INVALID_CA)$/,
    'shows a certificate that no trusted authority has signed ({}.tls.ca says which ones are trusted)',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'shows a certificate for another host name ({}.tls.serverName says which one is meant)',
  ],
  [
    /^(?:ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)|EPROTO)$/,
    'does not speak TLS at this port',
  ],
  [
    /ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_(?:UNKNOWN|EXPIRED|REVOKED)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/,
    'wants a client certificate that it trusts ({}.tls.cert, {}.tls.key)',
  ],
  [/ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/, 'speaks no version of TLS that is spoken here'],
];

/**
 * What a server does wrong, to be read after its name: `shows a certificate that has expired`. Undefined when the error
 * is none of TLS. `section`: that of the settings, such as `redis`.
 */
export function tlsFailure(error: unknown, section: string): string | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') return undefined;
  const known = SENTENCES.find(([pattern]) => pattern.test(code));
  if (known) return known[1].replaceAll('{}', section);
  return code.startsWith('ERR_SSL_') ? `breaks off TLS (${code})` : undefined;
}
