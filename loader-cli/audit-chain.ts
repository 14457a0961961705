/**
 * The hash chain of the audit trail: hash = SHA-256(previous hash ‖ entry in UTF-8), seq without gaps from 1
 * on. Whoever can change the table can also compute a new chain: against that stands a head that
 * somebody kept, printed by every act.
 */
import { createHash } from 'node:crypto';
import { FangbangError } from '#results/errors.ts';

export interface AuditRow {
  readonly seq: number;
  readonly entry: string;
  readonly hash: Buffer;
}

export interface AuditHead {
  readonly seq: number;
  readonly hash: Buffer;
}

/** @throws FangbangError `usage` */
export function parseHead(text: string): AuditHead {
  const match = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/i.exec(text.trim());
  if (match === null) {
    throw new FangbangError('usage', '--head has another form than <number>:<64 hexadecimal digits>', {
      hint: 'copy it from what an act printed as its audit head',
    });
  }
  return { seq: Number(match[1]), hash: Buffer.from(match[2] ?? '', 'hex') };
}

export function showHead(head: AuditHead): string {
  return `${head.seq}:${head.hash.toString('hex')}`;
}

/** Checks a trail row by row. */
export class AuditChain {
  #last: AuditHead = { seq: 0, hash: Buffer.alloc(32) };
  readonly #kept: AuditHead | undefined;

  /** @param kept a head of an earlier day, which the trail must still contain. */
  constructor(kept: AuditHead | undefined) {
    this.#kept = kept;
  }

  /** The next row by seq. @throws FangbangError `audit-broken` */
  add(row: AuditRow): void {
    const seq = this.#last.seq + 1;
    if (row.seq !== seq) throw broken(`entry ${seq} is missing: the next one is ${row.seq}`);
    const hash = createHash('sha256').update(this.#last.hash).update(row.entry, 'utf8').digest();
    if (!hash.equals(row.hash))
      throw broken(`entry ${seq} is not as it was written, or one before it is not`);
    if (seq === this.#kept?.seq && !hash.equals(this.#kept.hash))
      throw broken(`entry ${seq} is another one than the head that was kept: the trail was written anew`);
    this.#last = { seq, hash };
  }

  /** After the last row: the head. @throws FangbangError `audit-broken` when the kept one lies beyond it. */
  end(): AuditHead {
    if (this.#kept !== undefined && this.#kept.seq > this.#last.seq)
      throw broken(
        `the trail ends at entry ${this.#last.seq}, before the head that was kept: its end was removed`,
      );
    return this.#last;
  }
}

function broken(what: string): FangbangError {
  return new FangbangError('audit-broken', `the audit trail is broken: ${what}`, {
    hint: 'somebody with the owner’s or a superuser’s rights changed it: keep the database as it is and compare it with a backup',
  });
}
