/**
 * The rest of a corrected batch, carried over inside Postgres: who is not in the correction keeps the
 * entries of the corrected batch, byte for byte. What the new batch then holds is read back once, for its
 * filter, its checksum and its statistics.
 *
 * Memory: a page of entries; Postgres joins, on its disk when it must.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import { makeSlipCodec } from '#results/slip-codec.ts';
import type { Batch, Entry } from '../batches.ts';
import { PAGE_ENTRIES } from '../batches.ts';
import type { CommandContext } from '../command.ts';
import type { Database } from '../database.ts';
import type { BatchWriter } from '../pipeline/batch-writer.ts';
import { ByGroup, rankGroups } from '../pipeline/rank-order.ts';
import type { Statistics } from '../pipeline/statistics.ts';
import { StatisticsCollector } from '../pipeline/statistics.ts';
import type { CorrectedLines } from './corrected-lines.ts';
import { MixedRanks } from './mixed-ranks.ts';

/** Candidates of a correction, by what became of them. */
export interface CorrectionCounts {
  /** In the corrected batch with another slip or other credentials. */
  readonly replaced: number;
  /** Not in the corrected batch. */
  readonly added: number;
  /** In the correction as they were already. */
  readonly unchanged: number;
  /** Not in the correction. */
  readonly carriedOver: number;
}

export interface CarriedOver {
  readonly counts: CorrectionCounts;
  /** Of all candidates of the new batch. */
  readonly statistics: Statistics;
  /** Totals whose ranks are out of order, as far as the correction explains it (mixed-ranks.ts). */
  readonly ranksOutOfOrder: number;
}

/** So many lines are named in an error. */
const MOST_NAMED = 10;

interface Job {
  readonly database: Database;
  readonly corrected: Batch;
  readonly definition: SeriesDefinition;
  readonly writer: BatchWriter;
  readonly lines: CorrectedLines;
}

/**
 * Completes the batch of a correction, whose rows have all been added.
 * @throws FangbangError `rows-rejected` when a row contradicts one that is carried over, `nothing-to-correct`.
 */
export async function carryOver(ctx: CommandContext, job: Job): Promise<CarriedOver> {
  const { database, corrected, writer } = job;
  await writer.endRows();
  const counts = await countChanges(job);
  if (counts.replaced + counts.added === 0) {
    throw new FangbangError(
      'nothing-to-correct',
      `every candidate of the correction is already so in batch ${corrected.number}`,
      { hint: 'is this the right file? Nothing was stored' },
    );
  }
  await expectOwnCredentials(job);
  await database.query(
    `insert into fangbang.slip_${writer.number} (digest, credential_set, candidate_number, payload)
     select o.digest, o.credential_set, o.candidate_number, o.payload from fangbang.slip o
     where o.batch = $1 and not exists (select from fangbang.slip_${writer.number} n where n.candidate_number = o.candidate_number)`,
    [corrected.number],
  );
  const changed = counts.replaced + counts.added + (await changedBefore(database, corrected));
  const whole = await readBack(ctx, job, changed);
  const corrections = counts.replaced + counts.added + counts.unchanged;
  return { counts: { ...counts, carriedOver: writer.candidates - corrections }, ...whole };
}

async function countChanges({
  database,
  corrected,
  writer,
}: Job): Promise<Omit<CorrectionCounts, 'carriedOver'>> {
  return await database.one<{ replaced: number; added: number; unchanged: number }>(
    `select count(*) filter (where is_known and not is_same)::float8 as replaced,
       count(*) filter (where not is_known)::float8 as added,
       count(*) filter (where is_known and is_same)::float8 as unchanged
     from (
       select bool_or(o.candidate_number is not null) as is_known,
         bool_and(coalesce(o.digest = n.digest and o.payload = n.payload, false)) as is_same
       from fangbang.slip_${writer.number} n left join fangbang.slip o
         on o.batch = $1 and o.candidate_number = n.candidate_number and o.credential_set = n.credential_set
       group by n.candidate_number) each`,
    [corrected.number],
  );
}

/** Nobody in the correction may be found by the credentials of somebody who is carried over. */
async function expectOwnCredentials({ database, corrected, writer, lines }: Job): Promise<void> {
  const clashes = await database.query<{ here: string; carried: string }>(
    `select n.candidate_number as here, o.candidate_number as carried
     from fangbang.slip_${writer.number} n join fangbang.slip o on o.batch = $1 and o.digest = n.digest
     where not exists (select from fangbang.slip_${writer.number} c where c.candidate_number = o.candidate_number)
     order by 1 limit ${MOST_NAMED + 1}`,
    [corrected.number],
  );
  if (clashes.length === 0) return;
  throw new FangbangError(
    'rows-rejected',
    `candidates of the correction have the credentials of others in batch ${corrected.number}`,
    {
      faults: named(
        clashes.map(
          ({ here, carried }) =>
            `${lines.describe(here)}: also those of candidate ${carried}, who is not in the file`,
        ),
      ),
      hint: 'compare both with the original records; when both change, both must be in the correction. Nothing was stored',
    },
  );
}

/** Candidates that the corrections before this one replaced or added. */
async function changedBefore(database: Database, corrected: Batch): Promise<number> {
  const { changed } = await database.one<{ changed: number }>(
    `with recursive chain as (
       select number, corrects, summary from fangbang.batch where number = $1
       union all select b.number, b.corrects, b.summary from fangbang.batch b join chain c on b.number = c.corrects)
     select coalesce(sum((summary -> 'correction' ->> 'replaced')::float8 + (summary -> 'correction' ->> 'added')::float8), 0)
       as changed from chain`,
    [corrected.number],
  );
  return changed;
}

/**
 * Everything that the batch holds now, counted as it lies there.
 * @param changed candidates of this and earlier corrections.
 */
async function readBack(
  ctx: CommandContext,
  job: Job,
  changed: number,
): Promise<{ statistics: Statistics; ranksOutOfOrder: number }> {
  const { database, corrected, definition, writer, lines } = job;
  const codec = makeSlipCodec(definition);
  const statistics = new StatisticsCollector(definition);
  const rankGroupOf = rankGroups(definition);
  const ranks = new ByGroup(() => new MixedRanks(lines));
  const progress = ctx.progress('carrying over', corrected.entries);
  writer.recount();
  await database.query(
    `declare whole_batch no scroll cursor for select digest, credential_set as "credentialSet",
       candidate_number as "candidateNumber", payload from fangbang.slip_${writer.number}`,
  );
  for (;;) {
    const page = await database.query<Entry>(`fetch ${PAGE_ENTRIES} from whole_batch`);
    for (const entry of page) {
      writer.count(entry);
      if (entry.credentialSet !== 0) continue;
      const slip = codec.decode(entry.payload);
      statistics.add(slip);
      ranks.of(rankGroupOf(slip)).add(slip);
    }
    progress.advance(page.length);
    if (page.length < PAGE_ENTRIES) break;
  }
  await database.query('close whole_batch');
  progress.done();
  const judged = ranks.all().map((group) => group.judge(changed));
  const contradictions = judged.flatMap((group) => group.contradictions);
  if (contradictions.length > 0) {
    throw new FangbangError('rows-rejected', 'the ranks contradict the totals', {
      faults: named(contradictions),
      hint: 'a changed total needs its new rank, and those whose rank changes much with it belong to the correction too. Nothing was stored',
    });
  }
  return {
    statistics: statistics.finish(),
    ranksOutOfOrder: judged.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0),
  };
}

function named(faults: readonly string[]): string[] {
  return faults.length <= MOST_NAMED ? [...faults] : [...faults.slice(0, MOST_NAMED), '… and more'];
}
