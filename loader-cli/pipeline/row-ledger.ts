/**
 * What must be remembered of every row until the last one: enough to find two rows that cannot both
 * be true, and the row hashes of the checksum. Append only, then `findContradictions` once.
 *
 * All of it is in records of a fixed size in temporary files (sorted-records.ts): some 110 bytes of
 * disk a row, and memory for one in 256 of them at a time. Numbers are there only as hashes under a
 * random key that lives in this process.
 */
import { hash, randomBytes } from 'node:crypto';
import type { SeriesDefinition } from '#results/definition.ts';
import { ROW_HASH_BYTES } from '#results/checksum.ts';
import type { LateRejects, Place } from './late-rejects.ts';
import { OTHERS_NAMED } from './late-rejects.ts';
import type { RejectCode } from './reject-codes.ts';
import { SortedRecords } from './sorted-records.ts';

/** hash (16) ‖ file (2) ‖ line (4) ‖ 1 when the row was accepted (1) ‖ begin of its row hash (9). */
const HASH_BYTES = 16;
const FILE_AT = 16;
const LINE_AT = 18;
const ACCEPTED_AT = 22;
const CONTENT_AT = 23;
const KEY_BYTES = 32;

/** Something that no two rows may have alike: places of credentials in the definition's order. */
interface UniqueKey {
  readonly credentials: readonly number[];
  readonly code: RejectCode;
}

/** The candidate number, every identity number, and every credential set that holds neither. */
function uniqueKeys(definition: SeriesDefinition): UniqueKey[] {
  const names = Object.keys(definition.credentials);
  const kinds = Object.values(definition.credentials).map((c) => c.kind);
  const alone: UniqueKey[] = [];
  for (const [i, kind] of kinds.entries()) {
    if (kind === 'candidate-number') alone.unshift({ credentials: [i], code: 'duplicate-candidate-number' });
    if (kind === 'identity-number') alone.push({ credentials: [i], code: 'duplicate-identity-number' });
  }
  const isUnique = (place: number): boolean =>
    kinds[place] === 'candidate-number' || kinds[place] === 'identity-number';
  const sets = definition.credentialSets
    .map((set) => set.credentials.map((name) => names.indexOf(name)))
    .filter((places) => !places.some(isUnique));
  return [
    ...alone,
    ...sets.map((credentials): UniqueKey => ({ credentials, code: 'duplicate-credentials' })),
  ];
}

export class RowLedger {
  readonly #keys: readonly (UniqueKey & { readonly records: SortedRecords })[];
  readonly #rowHashes = new SortedRecords(ROW_HASH_BYTES);
  /** 144 bits; short enough that a hash of it and an identity number is one block of SHA-256. */
  readonly #secret = randomBytes(18).toString('base64');
  readonly #record = Buffer.alloc(KEY_BYTES);

  constructor(definition: SeriesDefinition) {
    this.#keys = uniqueKeys(definition).map((key) => ({ ...key, records: new SortedRecords(KEY_BYTES) }));
  }

  /** @param credentials normalised, in the definition's order. */
  addAccepted(place: Place, credentials: readonly string[], rowHash: Buffer): void {
    this.#addKeys(place, credentials, rowHash);
    this.#rowHashes.add(rowHash);
  }

  /**
   * A rejected row takes part with what is sound in it: when two rows are of one candidate and one of
   * them is broken, nobody can say that the other is the right one.
   * @param credentials undefined where a credential is not sound.
   */
  addRejected(place: Place, credentials: readonly (string | undefined)[]): void {
    this.#addKeys(place, credentials, undefined);
  }

  /** Adds the accepted rows that contradict another row. */
  findContradictions(late: LateRejects): void {
    for (const key of this.#keys) {
      for (const group of key.records.groups(HASH_BYTES)) rejectGroup(group, key.code, late);
    }
  }

  /** The row hashes of all accepted rows in ascending order. */
  sortedRowHashes(): Iterable<Buffer> {
    return this.#rowHashes.sorted();
  }

  /** Gives the temporary files back. */
  close(): void {
    this.#rowHashes.close();
    for (const key of this.#keys) key.records.close();
  }

  #addKeys(place: Place, credentials: readonly (string | undefined)[], rowHash: Buffer | undefined): void {
    for (const key of this.#keys) {
      let input = this.#secret;
      let isWhole = true;
      for (const i of key.credentials) {
        const value = credentials[i];
        if (value === undefined) isWhole = false;
        // No normalised value holds a control character.
        else input += `\n${value}`;
      }
      if (!isWhole) continue;
      const record = this.#record;
      const keyHash = hash('sha256', input, 'buffer');
      for (let i = 0; i < HASH_BYTES; i += 1) record[i] = keyHash[i] ?? 0;
      record.writeUInt16BE(place.file, FILE_AT);
      record.writeUInt32BE(place.line, LINE_AT);
      record[ACCEPTED_AT] = rowHash === undefined ? 0 : 1;
      if (rowHash === undefined) record.fill(0, CONTENT_AT);
      else rowHash.copy(record, CONTENT_AT, 0, KEY_BYTES - CONTENT_AT);
      key.records.add(record);
    }
  }
}

/** Records of one key. */
function rejectGroup(group: Buffer, code: RejectCode, late: LateRejects): void {
  const records: { place: Place; isAccepted: boolean; content: Buffer }[] = [];
  for (let at = 0; at < group.length; at += KEY_BYTES) {
    records.push({
      place: { file: group.readUInt16BE(at + FILE_AT), line: group.readUInt32BE(at + LINE_AT) },
      isAccepted: group[at + ACCEPTED_AT] === 1,
      content: group.subarray(at + CONTENT_AT, at + KEY_BYTES),
    });
  }
  const first = records[0];
  const isSameRow = records.every(
    (r) => r.isAccepted && first !== undefined && r.content.equals(first.content),
  );
  // A group can be the whole file: only a few others are looked up.
  const samples = records.slice(0, OTHERS_NAMED + 1);
  for (const record of records) {
    if (!record.isAccepted) continue;
    const others = samples.filter((r) => r !== record).slice(0, OTHERS_NAMED);
    late.add(record.place, isSameRow ? 'duplicate-row' : code, {
      named: others.map((r) => r.place),
      unnamed: records.length - 1 - others.length,
    });
  }
}
