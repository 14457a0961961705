/**
 * The two checksums of a batch, neither of which depends on the order of the file.
 *
 * `checksum` covers the definition and the rows as the file gives them, credentials included. It
 * needs no pepper, so that `validate` prints what `load` will: this is what the approver approves.
 * `storedChecksum` covers what Postgres holds, so that a batch can be checked without its file.
 */
import { createHash, hash } from 'node:crypto';
import type { Digest } from './digest.ts';

export const ROW_HASH_BYTES = 32;

/** What a row's hash covers: each normalised credential behind its length, in the definition's order, then the encoded slip. */
export function rowBytes(credentials: readonly string[], payload: Buffer): Buffer {
  let size = payload.length;
  for (const value of credentials) size += 4 + Buffer.byteLength(value);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of credentials) {
    const length = bytes.write(value, at + 4);
    bytes.writeUInt32BE(length, at);
    at += 4 + length;
  }
  payload.copy(bytes, at);
  return bytes;
}

/** SHA-256 of one accepted row: its normalised credentials in the definition's order, and its encoded slip. */
export function rowHash(credentials: readonly string[], payload: Buffer): Buffer {
  return hashOfRow(rowBytes(credentials, payload));
}

/** The same of a row that is in bytes already. */
export function hashOfRow(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
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
  const whole = createHash('sha256')
    // Two words, so that no correction is the same bytes as a load whose first row is the checksum it corrects.
    .update(corrected === undefined ? 'fangbang-checksum-1' : 'fangbang-correction-1')
    .update(definitionSha256)
    .update(corrected ?? Buffer.alloc(0));
  for (const piece of sortedRowHashes) whole.update(piece);
  return whole.digest();
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

/** The state of a StoredChecksum, as threads hand it to each other. */
export interface StoredSums {
  readonly lanes: Uint32Array;
  readonly entries: number;
}

/**
 * A sum over entries in any order (lanes of SHA-512, each modulo 2³²; the count is in the hash). It
 * finds damage and a forgotten or doubled entry; against people the rights in the database stand.
 */
export class StoredChecksum {
  readonly #lanes = new Uint32Array(16);
  #entries = 0;

  /** @returns the SHA-512 of the entry, for whoever compares entries too. */
  add(digest: Digest, credentialSet: number, candidateNumber: string, payload: Buffer): Buffer {
    const number = Buffer.from(candidateNumber, 'utf8');
    const source = Buffer.concat([number, payload]);
    return this.addFrom(digest, credentialSet, source, 0, number.length, number.length, source.length);
  }

  /** The same for a loader with millions: candidate number (UTF-8) and payload are ranges of a block. */
  addFrom(
    digest: Buffer,
    credentialSet: number,
    block: Buffer,
    numberFrom: number,
    numberEnd: number,
    payloadFrom: number,
    payloadEnd: number,
  ): Buffer {
    const numberAt = digest.length + 5;
    const payloadAt = numberAt + numberEnd - numberFrom;
    const entry = Buffer.allocUnsafe(payloadAt + payloadEnd - payloadFrom);
    digest.copy(entry, 0);
    entry[digest.length] = credentialSet;
    entry.writeUInt32BE(numberEnd - numberFrom, digest.length + 1);
    block.copy(entry, numberAt, numberFrom, numberEnd);
    block.copy(entry, payloadAt, payloadFrom, payloadEnd);
    const sum = hash('sha512', entry, 'buffer');
    for (let i = 0; i < 16; i += 1) this.#lanes[i] = (this.#lanes[i] ?? 0) + sum.readUInt32LE(i * 4);
    this.#entries += 1;
    return sum;
  }

  /** What was added so far, for `merge`. */
  parts(): StoredSums {
    return { lanes: this.#lanes.slice(), entries: this.#entries };
  }

  /** Adds what another one has. */
  merge({ lanes, entries }: StoredSums): void {
    for (const [i, lane] of lanes.entries()) this.#lanes[i] = (this.#lanes[i] ?? 0) + lane;
    this.#entries += entries;
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
