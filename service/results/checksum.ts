/**
 * The two checksums of a batch, neither of which depends on the order of the file.
 *
 * `checksum` covers the definition and the rows as the file gives them, credentials included. It
 * needs no pepper, so that `validate` prints what `load` will: this is what the approver approves.
 * `storedChecksum` covers what Postgres holds, so that a batch can be checked without its file.
 */
import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';

export const ROW_HASH_BYTES = 32;

/** SHA-256 of one accepted row: its normalised credentials in the definition's order, and its encoded slip. */
export function rowHash(credentials: readonly string[], payload: Buffer): Buffer {
  const hash = createHash('sha256');
  for (const value of credentials) {
    const bytes = Buffer.from(value, 'utf8');
    hash.update(lengthPrefix(bytes.length)).update(bytes);
  }
  return hash.update(payload).digest();
}

/**
 * @param definitionSha256 of the definition's source.
 * @param sortedRowHashes all row hashes in ascending order, one after the other.
 * @param corrected the checksum of the batch that this one corrects: the rows are the correction's.
 */
export function batchChecksum(
  definitionSha256: Buffer,
  sortedRowHashes: Iterable<Buffer>,
  corrected?: Buffer,
): Buffer {
  const hash = createHash('sha256')
    // Two words, so that no correction is the same bytes as a load whose first row is the checksum it corrects.
    .update(corrected === undefined ? 'fangbang-checksum-1' : 'fangbang-correction-1')
    .update(definitionSha256)
    .update(corrected ?? Buffer.alloc(0));
  for (const piece of sortedRowHashes) hash.update(piece);
  return hash.digest();
}

/** As people and the CLI write it: `sha256:` and 64 hex digits. */
export function showChecksum(checksum: Buffer): string {
  return `sha256:${checksum.toString('hex')}`;
}

/** The 32 bytes, or undefined when the text has another form. */
export function parseChecksum(text: string): Buffer | undefined {
  const match = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text.trim());
  return match?.[1] === undefined ? undefined : Buffer.from(match[1], 'hex');
}

/**
 * A sum over entries in any order (lanes of SHA-512, each modulo 2³²; the count is in the hash). It
 * finds damage and a forgotten or doubled entry; against people the rights in the database stand.
 */
export class StoredChecksum {
  readonly #lanes = new Uint32Array(16);
  #entries = 0;

  add(digest: Digest, credentialSet: number, candidateNumber: string, payload: Buffer): void {
    const number = Buffer.from(candidateNumber, 'utf8');
    const hash = createHash('sha512')
      .update(digest)
      .update(Buffer.from([credentialSet]))
      .update(lengthPrefix(number.length))
      .update(number)
      .update(payload)
      .digest();
    for (let i = 0; i < 16; i += 1) this.#lanes[i] = (this.#lanes[i] ?? 0) + hash.readUInt32LE(i * 4);
    this.#entries += 1;
  }

  digest(): Buffer {
    const sums = Buffer.alloc(64);
    for (const [i, lane] of this.#lanes.entries()) sums.writeUInt32LE(lane, i * 4);
    return createHash('sha256')
      .update('fangbang-stored-1')
      .update(String(this.#entries))
      .update(sums)
      .digest();
  }
}

function lengthPrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(4);
  prefix.writeUInt32BE(length, 0);
  return prefix;
}
