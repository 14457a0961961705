/**
 * Writes a synthetic official file and, beside it, the credentials with the right answers.
 *
 * Streaming: candidates are made twice, once to know how many have each total (which is all that ranks
 * need), once to be written; memory does not grow with the rows.
 * Failure policy: both files appear whole or not at all; what cannot be written is `usage`.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import iconv from 'iconv-lite';
import type { SeriesDefinition, StatusCode } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import { STATUSES_WITHOUT_MARKS } from '#results/slip.ts';
import { csvLine } from '../pipeline/csv-text.ts';
import { writeWholly } from '../pipeline/sources.ts';
import type { SampleCandidate, ShownMark } from './candidates.ts';
import { SampleCandidates } from './candidates.ts';

export const SAMPLE_ENCODINGS = ['gb18030', 'utf-8', 'utf-8-bom'] as const;
export type SampleEncoding = (typeof SAMPLE_ENCODINGS)[number];

export interface SampleOptions {
  readonly rows: number;
  readonly seed: string;
  readonly out: string;
  readonly encoding: SampleEncoding;
  /** Called with the number of candidates since the last call. */
  onProgress?(candidates: number): void;
  readonly signal?: AbortSignal;
}

export interface WrittenSample {
  readonly file: string;
  readonly credentialsFile: string;
  /** Of the official file, in hex. */
  readonly sha256: string;
  readonly statuses: Readonly<Partial<Record<StatusCode, number>>>;
}

/** The top scorers whose marks are not shown: one in a thousand, at most fifty. */
const SHIELDED_SHARE = 1000;
const MOST_SHIELDED = 50;
const PROGRESS_STEP = 5000;

/** @throws FangbangError `usage`; the signal's reason. */
export function writeSample(definition: SeriesDefinition, options: SampleOptions): WrittenSample {
  const candidates = new SampleCandidates(definition, options.rows, options.seed);
  const rankOf = rankTotals(candidates, options);
  const shieldedRanks = Object.values(definition.status?.values ?? {}).includes('shielded')
    ? Math.min(MOST_SHIELDED, Math.ceil(options.rows / SHIELDED_SHARE))
    : 0;
  const credentialsFile = `${options.out.replace(/\.csv$/i, '')}.credentials.csv`;
  const official = new Output(options.out, options.encoding);
  const truth = new Output(credentialsFile, 'utf-8');
  const statuses: Partial<Record<StatusCode, number>> = {};
  try {
    const asked = Object.keys(definition.credentials).filter((name) =>
      definition.credentialSets.some((set) => set.credentials.includes(name)),
    );
    official.line(header(definition));
    truth.line([...asked, 'expected']);
    let done = 0;
    for (const candidate of candidates) {
      const rank = candidate.total === undefined ? undefined : rankOf.get(candidate.total);
      const isShielded = candidate.status === 'scored' && rank !== undefined && rank <= shieldedRanks;
      const status = isShielded ? 'shielded' : candidate.status;
      const shown = STATUSES_WITHOUT_MARKS.has(status)
        ? { ...candidate, status, components: [], total: undefined, rank: undefined }
        : {
            ...candidate,
            status,
            rank: definition.rank === undefined ? undefined : (rank ?? unranked(definition, done)),
          };
      official.line(officialCells(definition, shown));
      truth.line([
        ...asked.map((name) => candidate.credentials[name] ?? ''),
        expectedJson(definition, shown),
      ]);
      statuses[status] = (statuses[status] ?? 0) + 1;
      done += 1;
      if (done % PROGRESS_STEP === 0) report(options, PROGRESS_STEP);
    }
    const sha256 = official.finish();
    truth.finish();
    return { file: options.out, credentialsFile, sha256, statuses };
  } finally {
    official.discard();
    truth.discard();
  }
}

interface ShownCandidate extends SampleCandidate {
  readonly rank: number | undefined;
}

/** Competition ranks (1, 1, 3) of all totals. */
function rankTotals(candidates: SampleCandidates, options: SampleOptions): Map<number, number> {
  const count = new Map<number, number>();
  let done = 0;
  for (const { total } of candidates) {
    if (total !== undefined) count.set(total, (count.get(total) ?? 0) + 1);
    done += 1;
    if (done % PROGRESS_STEP === 0) report(options, 0);
  }
  const ranks = new Map<number, number>();
  let next = 1;
  for (const [total, rows] of [...count].sort(([a], [b]) => b - a)) {
    ranks.set(total, next);
    next += rows;
  }
  return ranks;
}

/** Where there is no total to rank by, a rank of its own for each; else none. */
function unranked(definition: SeriesDefinition, index: number): number | undefined {
  return definition.total === undefined ? index + 1 : undefined;
}

function report(options: SampleOptions, candidates: number): void {
  options.signal?.throwIfAborted();
  options.onProgress?.(candidates);
}

function header(d: SeriesDefinition): string[] {
  return [
    ...Object.values(d.credentials).map((c) => c.column),
    ...d.components.map((c) => c.column),
    ...[d.total, d.rank, d.status].flatMap((each) => (each === undefined ? [] : [each.column])),
    ...d.flags.map((flag) => flag.column),
  ];
}

function officialCells(d: SeriesDefinition, candidate: ShownCandidate): string[] {
  const marks = new Map<string, ShownMark>(candidate.components);
  return [
    ...Object.keys(d.credentials).map((name) => candidate.credentials[name] ?? ''),
    ...d.components.map((c) => markText(d, marks.get(c.code))),
    ...(d.total === undefined ? [] : [text(candidate.total)]),
    ...(d.rank === undefined ? [] : [text(candidate.rank)]),
    ...(d.status === undefined ? [] : [wordFor(d.status.values, candidate.status)]),
    ...d.flags.map((flag) => wordFor(flag.values, candidate.flags.includes(flag.code))),
  ];
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function markText(d: SeriesDefinition, mark: ShownMark | undefined): string {
  if (mark === undefined) return '';
  return typeof mark === 'object' ? wordFor(d.markers, mark.status) : String(mark);
}

/** The first word that stands for a value; none is the empty cell. */
function wordFor(words: Readonly<Record<string, unknown>>, value: unknown): string {
  return Object.entries(words).find(([, meaning]) => meaning === value)?.[0] ?? '';
}

/** What varies in the answer (design.md section 5): everything but the texts of the definition. */
function expectedJson(d: SeriesDefinition, candidate: ShownCandidate): string {
  return JSON.stringify({
    candidate: {
      number: candidate.credentials[d.numberCredential],
      name: candidate.credentials[d.nameCredential],
    },
    status: candidate.status,
    components: candidate.components,
    total: candidate.total,
    rank: candidate.rank,
    flags: candidate.flags.length === 0 ? undefined : candidate.flags,
  });
}

/** A file that is written under another name until it is whole. */
class Output {
  readonly #path: string;
  readonly #temporary: string;
  readonly #encoding: SampleEncoding;
  readonly #hash = createHash('sha256');
  /** Excel writes CRLF. */
  readonly #lineEnd: string;
  #fd: number | undefined;
  #text: string;

  constructor(path: string, encoding: SampleEncoding) {
    this.#path = path;
    this.#temporary = `${path}.${process.pid}.tmp`;
    this.#encoding = encoding;
    this.#lineEnd = encoding === 'utf-8' ? '\n' : '\r\n';
    this.#text = encoding === 'utf-8-bom' ? '\uFEFF' : '';
    this.#guard(() => {
      this.#fd = openSync(this.#temporary, 'w', 0o600);
    });
  }

  line(cells: readonly string[]): void {
    this.#text += csvLine(cells, this.#lineEnd);
    if (this.#text.length >= 256 * 1024) this.#flush();
  }

  /** Puts it in its place; answers its SHA-256 in hex. */
  finish(): string {
    this.#flush();
    this.#guard(() => renameSync(this.#temporary, this.#path));
    closeSync(this.#fd ?? -1);
    this.#fd = undefined;
    return this.#hash.digest('hex');
  }

  discard(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#temporary, { force: true });
  }

  #flush(): void {
    // iconv-lite knows how to write GB18030; TextEncoder writes UTF-8 only.
    const bytes =
      this.#encoding === 'gb18030' ? iconv.encode(this.#text, 'gb18030') : Buffer.from(this.#text, 'utf8');
    this.#text = '';
    this.#hash.update(bytes);
    this.#guard(() => writeWholly(this.#fd ?? -1, bytes));
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error';
      throw new FangbangError('usage', `${this.#path} cannot be written (${code})`, {
        hint: 'give another path: --out F',
        cause,
      });
    }
  }
}
