/**
 * What became of every visit of a run, in columns: 20 bytes a visit, so that an hour's run fits into memory and
 * nothing has to be rounded before the end.
 */
import type { Verdict } from '../profiles/judge.ts';
import type { RequestKind } from '../profiles/profile.ts';
import { REQUEST_KINDS } from '../profiles/profile.ts';

export const OUTCOMES = [
  'right',
  'failed',
  'wrong',
  'asked',
] as const satisfies readonly Verdict['outcome'][];

/** All of the same length, a place per visit. */
export interface Columns {
  /** When it was due, in seconds since the beginning of the run. */
  readonly dueSecond: Float32Array<ArrayBuffer>;
  /** Milliseconds from when it was due until it was sent. */
  readonly lagMs: Float32Array<ArrayBuffer>;
  /** Milliseconds from sending to the last byte, or until it was given up. */
  readonly tookMs: Float32Array<ArrayBuffer>;
  /** Place in REQUEST_KINDS. */
  readonly kind: Uint8Array<ArrayBuffer>;
  /** Place in OUTCOMES. */
  readonly outcome: Uint8Array<ArrayBuffer>;
  /** Of HTTP; 0: no answer. */
  readonly status: Uint16Array<ArrayBuffer>;
  /** 1: it had to wait until a connection was free. */
  readonly waited: Uint8Array<ArrayBuffer>;
}

export interface VisitRecord {
  readonly dueSecond: number;
  readonly lagMs: number;
  readonly tookMs: number;
  readonly kind: RequestKind;
  readonly outcome: Verdict['outcome'];
  readonly status: number;
  readonly waited: boolean;
}

/** Takes records one by one. */
export class Records {
  #columns: Columns = emptyColumns(1_024);
  #length = 0;

  add(record: VisitRecord): void {
    if (this.#length === this.#columns.kind.length) this.#columns = copied(this.#columns, this.#length * 2);
    const at = this.#length;
    this.#length += 1;
    const { dueSecond, lagMs, tookMs, kind, outcome, status, waited } = this.#columns;
    dueSecond[at] = record.dueSecond;
    lagMs[at] = record.lagMs;
    tookMs[at] = record.tookMs;
    kind[at] = REQUEST_KINDS.indexOf(record.kind);
    outcome[at] = OUTCOMES.indexOf(record.outcome);
    status[at] = record.status;
    waited[at] = record.waited ? 1 : 0;
  }

  /** What was taken. */
  columns(): Columns {
    return copied(this.#columns, this.#length);
  }
}

/** One after the other. */
export function joined(parts: readonly Columns[]): Columns {
  const all = emptyColumns(parts.reduce((sum, { kind }) => sum + kind.length, 0));
  let at = 0;
  for (const part of parts) {
    for (const name of names(all)) all[name].set(part[name], at);
    at += part.kind.length;
  }
  return all;
}

/** For postMessage without a copy. */
export function buffersOf(columns: Columns): ArrayBuffer[] {
  return names(columns).map((name) => columns[name].buffer);
}

function emptyColumns(length: number): Columns {
  return {
    dueSecond: new Float32Array(length),
    lagMs: new Float32Array(length),
    tookMs: new Float32Array(length),
    kind: new Uint8Array(length),
    outcome: new Uint8Array(length),
    status: new Uint16Array(length),
    waited: new Uint8Array(length),
  };
}

function copied(columns: Columns, length: number): Columns {
  const copy = emptyColumns(length);
  for (const name of names(copy)) copy[name].set(columns[name].subarray(0, length));
  return copy;
}

function names(columns: Columns): (keyof Columns)[] {
  return Object.keys(columns) as (keyof Columns)[];
}
