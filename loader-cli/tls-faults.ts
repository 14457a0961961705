/**
 * What Node's and Bun's TLS call a connection that they refuse.
 */
const CODES = /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/;

/** Whether an error's code says that TLS failed: an unknown authority, another name, no TLS at all. */
export function isTlsFault(code: string): boolean {
  return CODES.test(code);
}
