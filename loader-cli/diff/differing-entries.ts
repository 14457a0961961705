/**
 * The candidates in which two batches differ, joined inside Postgres and streamed in the order of their
 * numbers: what is the same in both never leaves the database.
 *
 * Memory: a page of entries; Postgres sorts and joins, on its disk when it must.
 */
import type { Batch } from '../batches.ts';
import { PAGE_ENTRIES } from '../batches.ts';
import type { Database } from '../database.ts';

/** One candidate of two batches. */
export interface Pairing {
  readonly candidateNumber: string;
  /** The slip, undefined where the batch has no such candidate. */
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
  /** Whether the credentials differ; never said when they cannot be compared. */
  readonly otherCredentials: boolean;
}

interface Row {
  readonly number: string;
  readonly from: Buffer | null;
  readonly to: Buffer | null;
  readonly moved: boolean;
}

/** Whether the digests of two batches can be compared: the same pepper and the same credential sets. */
export function areCredentialsComparable(from: Batch, to: Batch): boolean {
  return from.pepperFingerprint === to.pepperFingerprint && from.definitionVersion === to.definitionVersion;
}

/** Whether slips can be told to be the same by their bytes. */
function areBytesComparable(from: Batch, to: Batch): boolean {
  return from.definitionVersion === to.definitionVersion && from.codecVersion === to.codecVersion;
}

/**
 * Inside a transaction, whose cursor it uses.
 * @returns candidates that differ or may differ (all of them when the bytes cannot be compared).
 */
export async function* differingEntries(
  database: Database,
  from: Batch,
  to: Batch,
): AsyncGenerator<Pairing[], void> {
  const otherDigest = areCredentialsComparable(from, to)
    ? 'a.digest is not null and b.digest is not null and a.digest <> b.digest'
    : 'false';
  const differs = areBytesComparable(from, to)
    ? `a.payload is distinct from b.payload or (${otherDigest})`
    : 'true';
  // Numbers are integers of Postgres's own (batches.ts); a cursor's query takes no parameters.
  await database.query(
    `declare differing no scroll cursor for
     select coalesce(a.candidate_number, b.candidate_number) as number, a.payload as "from", b.payload as "to",
       ${otherDigest} as moved
     from (select * from fangbang.slip where batch = ${from.number}) a
       full join (select * from fangbang.slip where batch = ${to.number}) b
         on b.candidate_number = a.candidate_number and b.credential_set = a.credential_set
     where ${differs} order by 1`,
  );
  let held: Pairing | undefined;
  for (;;) {
    const rows = await database.query<Row>(`fetch ${PAGE_ENTRIES} from differing`);
    const page: Pairing[] = [];
    for (const row of rows) {
      // One row per credential set; the slip is the same in each.
      if (held?.candidateNumber === row.number) held = merge(held, row);
      else {
        if (held !== undefined) page.push(held);
        held = pairing(row);
      }
    }
    if (rows.length < PAGE_ENTRIES && held !== undefined) page.push(held);
    yield page;
    if (rows.length < PAGE_ENTRIES) break;
  }
  await database.query('close differing');
}

function pairing(row: Row): Pairing {
  return {
    candidateNumber: row.number,
    from: row.from ?? undefined,
    to: row.to ?? undefined,
    otherCredentials: row.moved,
  };
}

function merge(held: Pairing, row: Row): Pairing {
  const next = pairing(row);
  return {
    candidateNumber: held.candidateNumber,
    from: held.from ?? next.from,
    to: held.to ?? next.to,
    otherCredentials: held.otherCredentials || next.otherCredentials,
  };
}
