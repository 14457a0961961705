/**
 * What a reading of official files is asked for, hands out and reports.
 */
import type { Readable } from 'node:stream';
import type { Slip } from '#results/slip.ts';
import type { Change } from './cells.ts';
import type { Encoding } from './encodings.ts';
import type { Reject, RejectCode } from './reject-codes.ts';
import type { Statistics } from './statistics.ts';

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
  /** Credentials and payload as the row's hash covers them (checksum.ts). */
  readonly bytes: Buffer;
}

export interface ReadOptions {
  onAccepted?(row: AcceptedRow): void;
  /** @param fileName its name as reports show it. */
  onRejected?(reject: Reject, fileName: string): void;
  /** Awaited after each piece of a file (256 KB): for back-pressure. */
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
