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
import type { Readable } from 'node:stream';
import { batchChecksum, rowHash } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { Slip } from '#results/slip.ts';
import type { SlipCodec } from '#results/slip-codec.ts';
import { makeSlipCodec } from '#results/slip-codec.ts';
import type { Change } from './cells.ts';
import type { Encoding } from './encodings.ts';
import { LateRejects } from './late-rejects.ts';
import type { FileFacts } from './official-file.ts';
import { readOfficialFile } from './official-file.ts';
import type { RankContradiction } from './rank-order.ts';
import { RankOrder } from './rank-order.ts';
import type { Reject, RejectCode } from './reject-codes.ts';
import { REJECT_CODES, rejectMessage } from './reject-codes.ts';
import { RowLedger } from './row-ledger.ts';
import { Sources } from './sources.ts';
import type { Statistics } from './statistics.ts';
import { StatisticsCollector } from './statistics.ts';

export interface AcceptedRow {
  /** Place of the file among those given, from 0. */
  readonly file: number;
  /** Physical line, 1 = the header. */
  readonly line: number;
  /** Normalised, in the order of Object.keys(definition.credentials). */
  readonly credentials: readonly string[];
  readonly slip: Slip;
  /** The slip in the compact codec. */
  readonly payload: Buffer;
}

export interface ReadOptions {
  onAccepted?(row: AcceptedRow): void;
  /** @param fileName its name as reports show it. */
  onRejected?(reject: Reject, fileName: string): void;
  /** Awaited after each piece of a file (about 1 MB): for back-pressure. */
  afterPiece?(): Promise<void>;
  /**
   * Everything handed out so far is void: the files are read again, and so many more rows that
   * contradict others are then rejected.
   */
  onRestart?(contradicting: number): Promise<void>;
  /** Called with the number of lines read since the last call. */
  onProgress?(lines: number): void;
  /** For the path `-`. */
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
  /** The checksum of the batch that these rows correct. */
  readonly corrects?: Buffer;
}

export interface RowCounts {
  /** Physical lines after the headers: accepted + rejected + skipped. */
  readonly read: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Blank lines and repeated headers. */
  readonly skipped: number;
}

export interface FileReport {
  readonly name: string;
  readonly encoding: Encoding;
  /** In hex, of the file's bytes as they lie there. */
  readonly sha256: string;
  readonly lines: number;
}

export interface RejectSummary {
  readonly code: RejectCode;
  readonly rows: number;
  /** The first few. */
  readonly first: readonly Reject[];
}

export interface ReadReport {
  readonly files: readonly FileReport[];
  /** Physical lines of all files, headers included. */
  readonly lines: number;
  readonly rows: RowCounts;
  /** Harmless changes in accepted rows, by kind. */
  readonly normalisations: Readonly<Partial<Record<Change, number>>>;
  /** In the order of the list of codes. */
  readonly rejects: readonly RejectSummary[];
  /** The ranks as a whole contradict the totals: nothing may be loaded, whatever number of rejects is allowed. */
  readonly ranksContradict: boolean;
  readonly statistics: Statistics;
  /** Over the definition and the accepted rows (checksum.ts). */
  readonly checksum: Buffer;
}

/** So many rejects of each code are shown in a report. */
const FIRST_SHOWN = 5;
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
    let ranksContradict = false;
    let before: Pass | undefined;
    for (;;) {
      const pass = new Pass(definition, sources, late, options);
      try {
        await pass.run(before?.files);
        const known = late.size;
        pass.addContradictions();
        if (late.size === known && !ranksContradict) ranksContradict = pass.addRankContradictions();
        if (late.size === known) return pass.report(ranksContradict);
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

/** One reading of all files. */
class Pass {
  readonly files: FileReport[] = [];
  readonly #definition: SeriesDefinition;
  readonly #sources: Sources;
  readonly #late: LateRejects;
  readonly #options: ReadOptions;
  readonly #ledger: RowLedger;
  readonly #ranks = new RankOrder();
  readonly #statistics: StatisticsCollector;
  readonly #changes = new Map<Change, number>();
  readonly #rejects = new Map<RejectCode, { rows: number; first: Reject[] }>();
  readonly #codec: SlipCodec;
  readonly #numberAt: number;
  #accepted = 0;
  #rejected = 0;
  #skipped = 0;
  #reported = 0;

  constructor(definition: SeriesDefinition, sources: Sources, late: LateRejects, options: ReadOptions) {
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

  /** Whether there are any. */
  addRankContradictions(): boolean {
    const found: readonly RankContradiction[] = this.#ranks.contradictions();
    for (const { better, worse } of found) {
      this.#late.add(better, 'rank-contradicts-total', { named: [worse], unnamed: 0 });
      this.#late.add(worse, 'rank-contradicts-total', { named: [better], unnamed: 0 });
    }
    return found.length > 0;
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
    this.#ledger.addAccepted({ file, line }, credentials, rowHash(credentials, payload));
    if (slip.total !== undefined && slip.rank !== undefined)
      this.#ranks.add(slip.total, slip.rank, file, line);
    this.#statistics.add(slip);
    for (const change of changes) this.#count(change, 1);
    this.#accepted += 1;
    this.#options.onAccepted?.({ file, line, credentials, slip, payload });
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
