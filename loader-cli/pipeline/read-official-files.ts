/**
 * Official files → candidates: what `validate`, `load` and `verify --file` have in common.
 *
 * Streaming: no file is ever whole in memory. Rows that contradict each other (duplicates, ranks) are
 * known only when all was read; the files are then read again without them, so that what is counted,
 * summed and handed out is always the accepted rows and nothing else. That costs nothing in the usual
 * case, in which there are none.
 *
 * Failure policy: a file that cannot be read as a whole is thrown as `file-refused`; so is one that
 * changes while it is read. Rejected lines are handed to the sink and counted; to refuse them is the
 * caller's part.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import { LateRejects } from './late-rejects.ts';
import { ByGroup } from './rank-order.ts';
import { RankOutliers } from './rank-outliers.ts';
import type { ReadOptions, ReadReport } from './read-report.ts';
import { ReadingPass } from './reading-pass.ts';
import { Sources } from './sources.ts';

export type {
  AcceptedRow,
  FileReport,
  ReadOptions,
  ReadReport,
  RejectSummary,
  RowCounts,
} from './read-report.ts';

/** A line's place is kept in so many bits (row-ledger.ts). */
const MOST_FILES = 65_535;

/**
 * Reads and checks all files as one body of candidates.
 *
 * @param paths CSV files, plain or gzip; `-` is options.stdin.
 * @throws FangbangError `file-refused`, `usage`; the signal's reason.
 */
export async function readOfficialFiles(
  paths: readonly string[],
  definition: SeriesDefinition,
  options: ReadOptions = {},
): Promise<ReadReport> {
  if (paths.length === 0 || paths.length > MOST_FILES)
    throw new FangbangError('usage', 'name at least one official file');
  const sources = await Sources.open(paths, options.stdin, options.signal);
  try {
    const late = new LateRejects(sources.names);
    let before: ReadingPass | undefined;
    // Ranks are looked at last, among rows that nothing else is wrong with.
    let ranks: 'in-order' | 'looked-at' | 'mended' | 'contradict' = 'in-order';
    for (;;) {
      const outliers = ranks === 'looked-at' ? new ByGroup(() => new RankOutliers()) : undefined;
      const pass = new ReadingPass(definition, sources, late, options, outliers);
      try {
        await pass.run(before?.files);
        const known = late.size;
        pass.addContradictions();
        if (late.size === known) {
          if (ranks === 'contradict' || pass.ranksAreInOrder) return pass.report(ranks === 'contradict');
          if (ranks === 'in-order') ranks = 'looked-at';
          else ranks = ranks === 'looked-at' && pass.addWrongRanks() ? 'mended' : 'contradict';
        }
        before = pass;
        await options.onRestart?.(late.size - known);
      } finally {
        pass.close();
      }
    }
  } finally {
    sources.close();
  }
}
