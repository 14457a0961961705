// Sabotage: a server that takes what RFC 9112 lets others take, a line end without CR and a blank before a colon.
// Loaded before the service. Pieces of a flood are left as they are.
const { Connection } = await import('../../../service/http1/connection.ts');
const MOST_BYTES = 4_096;

const { received } = Connection.prototype;
Connection.prototype.received = function tolerant(bytes) {
  if (bytes.length > MOST_BYTES) return received.call(this, bytes);
  const text = bytes
    .toString('latin1')
    .replaceAll(/\r?\n/g, '\r\n')
    .replaceAll(/[ \t]+:/g, ':');
  return received.call(this, Buffer.from(text, 'latin1'));
};
