/**
 * One reading of all files: each line counted and handed out, all rows remembered for what only the
 * last of them can tell.
 *
 * Failure policy: see read-official-files.ts, of which this is a part.
 */
import { batchChecksum, hashOfRow, rowBytes } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { Slip } from '#results/slip.ts';
import type { SlipCodec } from '#results/slip-codec.ts';
import { makeSlipCodec } from '#results/slip-codec.ts';
import type { Change } from './cells.ts';
import type { LateRejects } from './late-rejects.ts';
import type { FileFacts } from './official-file.ts';
import { readOfficialFile } from './official-file.ts';
import type { RankContradiction } from './rank-order.ts';
import { ByGroup, RankOrder, rankGroups } from './rank-order.ts';
import type { RankOutliers } from './rank-outliers.ts';
import type { FileReport, ReadOptions, ReadReport } from './read-report.ts';
import type { Reject, RejectCode } from './reject-codes.ts';
import { REJECT_CODES, rejectMessage } from './reject-codes.ts';
import { RowLedger } from './row-ledger.ts';
import type { Sources } from './sources.ts';
import { StatisticsCollector } from './statistics.ts';

/** So many rejects of each code are shown in a report. */
const FIRST_SHOWN = 5;

export class ReadingPass {
  readonly files: FileReport[] = [];
  readonly #definition: SeriesDefinition;
  readonly #sources: Sources;
  readonly #late: LateRejects;
  readonly #options: ReadOptions;
  readonly #ledger: RowLedger;
  readonly #rankGroupOf: (slip: Slip) => number;
  readonly #ranks = new ByGroup(() => new RankOrder());
  readonly #outliers: ByGroup<RankOutliers> | undefined;
  readonly #statistics: StatisticsCollector;
  readonly #changes = new Map<Change, number>();
  readonly #rejects = new Map<RejectCode, { rows: number; first: Reject[] }>();
  readonly #codec: SlipCodec;
  readonly #numberAt: number;
  #accepted = 0;
  #rejected = 0;
  #skipped = 0;
  #reported = 0;

  /** @param outliers gets every rank, when it is known that some are wrong. */
  constructor(
    definition: SeriesDefinition,
    sources: Sources,
    late: LateRejects,
    options: ReadOptions,
    outliers?: ByGroup<RankOutliers>,
  ) {
    this.#rankGroupOf = rankGroups(definition);
    this.#outliers = outliers;
    this.#definition = definition;
    this.#sources = sources;
    this.#late = late;
    this.#options = options;
    this.#ledger = new RowLedger(definition);
    this.#statistics = new StatisticsCollector(definition);
    this.#codec = makeSlipCodec(definition);
    this.#numberAt = Object.keys(definition.credentials).indexOf(definition.numberCredential);
  }

  /** @param before what an earlier pass found: the files must still be the same. */
  async run(before: readonly FileReport[] | undefined): Promise<void> {
    for (const [file, name] of this.#sources.names.entries()) {
      const facts = await readOfficialFile(this.#sources.read(file), this.#definition, {
        accepted: (line, credentials, slip, changes) => this.#accept(file, line, credentials, slip, changes),
        rejected: (line, code, column, credentials) => {
          this.#ledger.addRejected({ file, line }, credentials);
          this.#reject(file, line, code, column, credentials[this.#numberAt]);
        },
        skipped: () => {
          this.#skipped += 1;
        },
        afterPiece: () => this.#afterPiece(),
      });
      if (before !== undefined && before[file]?.sha256 !== facts.sha256)
        throw new FangbangError('file-refused', `${name} was changed while it was read`, {
          hint: 'start again when nobody writes to the file any more',
        });
      this.#count('trailing-empty-columns', facts.unnamedColumns);
      this.files.push(fileReport(name, facts));
    }
  }

  addContradictions(): void {
    this.#ledger.findContradictions(this.#late);
  }

  get ranksAreInOrder(): boolean {
    return this.#rankContradictions().length === 0;
  }

  /** Adds the rows whose ranks are wrong; false when nobody can say which are: then the pairs that show it. */
  addWrongRanks(): boolean {
    const found = this.#outliers?.all().map((group) => group.find()) ?? [undefined];
    const outliers = found.filter((group) => group !== undefined);
    if (outliers.length === found.length) {
      for (const { place, contradicts } of outliers.flat()) {
        const named = contradicts === undefined ? [] : [contradicts];
        this.#late.add(place, 'rank-contradicts-total', { named, unnamed: 0 });
      }
      return true;
    }
    for (const { better, worse } of this.#rankContradictions()) {
      this.#late.add(better, 'rank-contradicts-total', { named: [worse], unnamed: 0 });
      this.#late.add(worse, 'rank-contradicts-total', { named: [better], unnamed: 0 });
    }
    return false;
  }

  report(ranksContradict: boolean): ReadReport {
    return {
      files: this.files,
      lines: this.files.reduce((sum, file) => sum + file.lines, 0),
      rows: {
        read: this.#accepted + this.#rejected + this.#skipped,
        accepted: this.#accepted,
        rejected: this.#rejected,
        skipped: this.#skipped,
      },
      normalisations: Object.fromEntries(this.#changes),
      rejects: REJECT_CODES.flatMap((code) => {
        const found = this.#rejects.get(code);
        return found === undefined ? [] : [{ code, ...found }];
      }),
      ranksContradict,
      statistics: this.#statistics.finish(),
      checksum: batchChecksum(
        this.#definition.sourceSha256,
        this.#ledger.sortedRowHashes(),
        this.#options.corrects,
      ),
    };
  }

  close(): void {
    this.#ledger.close();
  }

  #rankContradictions(): RankContradiction[] {
    return this.#ranks.all().flatMap((group) => group.contradictions());
  }

  #accept(
    file: number,
    line: number,
    credentials: readonly string[],
    slip: Slip,
    changes: readonly Change[],
  ): void {
    const lateCode = this.#late.codeOf(file, line);
    if (lateCode !== undefined) {
      const detail = this.#late.detailOf(file, line);
      this.#reject(file, line, lateCode, this.#columnOf(lateCode), slip.candidateNumber, detail);
      return;
    }
    const payload = this.#codec.encode(slip);
    const bytes = rowBytes(credentials, payload);
    this.#ledger.addAccepted({ file, line }, credentials, hashOfRow(bytes));
    if (slip.total !== undefined && slip.rank !== undefined) {
      const group = this.#rankGroupOf(slip);
      this.#ranks.of(group).add(slip.total, slip.rank, file, line);
      this.#outliers?.of(group).add(slip.total, slip.rank, file, line);
    }
    this.#statistics.add(slip);
    for (const change of changes) this.#count(change, 1);
    this.#accepted += 1;
    this.#options.onAccepted?.({ file, line, credentials, slip, payload, bytes });
  }

  #reject(
    file: number,
    line: number,
    code: RejectCode,
    column: string | undefined,
    candidateNumber: string | undefined,
    detail?: string,
  ): void {
    const reject: Reject = {
      file,
      line,
      column,
      code,
      message: rejectMessage(code, detail),
      candidateNumber,
    };
    const known = this.#rejects.get(code) ?? { rows: 0, first: [] };
    known.rows += 1;
    if (known.first.length < FIRST_SHOWN) known.first.push(reject);
    this.#rejects.set(code, known);
    this.#rejected += 1;
    this.#options.onRejected?.(reject, this.#sources.names[file] ?? '');
  }

  /** The column that a contradiction between lines is about. */
  #columnOf(code: RejectCode): string | undefined {
    const d = this.#definition;
    const column = (kind: string): string | undefined =>
      Object.values(d.credentials).find((c) => c.kind === kind)?.column;
    if (code === 'duplicate-identity-number') return column('identity-number');
    if (code === 'duplicate-row' || code === 'duplicate-candidate-number') return column('candidate-number');
    return code === 'rank-contradicts-total' ? d.rank?.column : undefined;
  }

  #count(change: Change, by: number): void {
    if (by > 0) this.#changes.set(change, (this.#changes.get(change) ?? 0) + by);
  }

  async #afterPiece(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const done = this.#accepted + this.#rejected + this.#skipped;
    this.#options.onProgress?.(done - this.#reported);
    this.#reported = done;
    await this.#options.afterPiece?.();
  }
}

function fileReport(name: string, facts: FileFacts): FileReport {
  return { name, encoding: facts.encoding, sha256: facts.sha256, lines: facts.lines };
}
