/**
 * From the figures of all rounds to the report: pure.
 */
import type { NotAvailable } from './contestants.ts';
import type { Figures } from './measure.ts';
import { ROWS, type RowName } from './rows.ts';
import { pairedRatio, spreadOf, type Spread } from './statistics.ts';
import { REFERENCES, TARGETS } from './targets.ts';

/** By row: the figures of each turn of each round, undefined where it could not be measured. */
export type Turns = ReadonlyMap<RowName, readonly (Figures | undefined)[]>;

export interface ReportRow {
  readonly name: RowName;
  readonly about: string;
  /** Medians of the turns. */
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly busy: number;
  readonly disturbed: number;
  /** Of all answers, those of the row's main status. */
  readonly mainShare: number;
  readonly spread: Readonly<
    Record<'cpuUsPerRequest' | 'requestsPerSecond' | 'p99Ms', { readonly min: number; readonly max: number }>
  >;
  readonly measuredTurns: number;
}

export interface TargetResult {
  readonly row: RowName;
  readonly of: RowName;
  readonly atMost: number;
  readonly ratio: number;
  readonly held: boolean;
}

/** A row that failed in some round: it answered wrongly, or did not start. */
export interface RowFault {
  readonly name: RowName;
  readonly round: number;
  readonly reason: string;
}

export interface Report {
  readonly rows: readonly ReportRow[];
  /** Of CPU per request: row by reference, paired by turn. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
  readonly targets: readonly TargetResult[];
  readonly notAvailable: readonly NotAvailable[];
  readonly faults: readonly RowFault[];
  readonly rounds: number;
  readonly turnsPerRound: number;
  readonly secondsPerMeasurement: number;
  readonly connections: number;
  readonly credentials: number;
  readonly machine: Readonly<Record<string, string | number>>;
}

/** Rows, ratios and targets of the turns. */
export function makeReport(turns: Turns, rest: Omit<Report, 'rows' | 'ratios' | 'targets'>): Report {
  const measured = ROWS.filter(({ name }) => turns.get(name)?.some((figures) => figures !== undefined));
  const ratios: Record<string, Record<string, Spread>> = {};
  for (const { name } of measured) {
    for (const reference of REFERENCES) {
      const ratio = name === reference ? undefined : ratioOf(turns, name, reference);
      if (ratio !== undefined) ratios[name] = { ...ratios[name], [reference]: roundSpread(ratio, 3) };
    }
  }
  const targets = TARGETS.flatMap(({ row, of, atMost }): TargetResult[] => {
    const ratio = ratioOf(turns, row, of)?.median;
    return ratio === undefined
      ? []
      : [{ row, of, atMost, ratio: rounded(ratio, 3), held: rounded(ratio, 3) <= atMost }];
  });
  return {
    rows: measured.map(({ name, about }) => reportRow(name, about, turns.get(name) ?? [])),
    ratios,
    targets,
    ...rest,
  };
}

function reportRow(name: RowName, about: string, turns: readonly (Figures | undefined)[]): ReportRow {
  const figures = turns.filter((one) => one !== undefined);
  const of = (field: keyof Figures, digits: number): Spread =>
    roundSpread(spreadOf(figures.map((one) => one[field])), digits);
  const cpu = of('cpuUsPerRequest', 2);
  const rate = of('requestsPerSecond', 0);
  const p99 = of('p99Ms', 2);
  return {
    name,
    about,
    cpuUsPerRequest: cpu.median,
    requestsPerSecond: rate.median,
    p99Ms: p99.median,
    busy: of('busy', 3).median,
    disturbed: of('disturbed', 3).median,
    mainShare: of('mainShare', 4).median,
    spread: {
      cpuUsPerRequest: { min: cpu.min, max: cpu.max },
      requestsPerSecond: { min: rate.min, max: rate.max },
      p99Ms: { min: p99.min, max: p99.max },
    },
    measuredTurns: figures.length,
  };
}

function ratioOf(turns: Turns, row: RowName, reference: RowName): Spread | undefined {
  const cpu = (name: RowName): (number | undefined)[] =>
    (turns.get(name) ?? []).map((figures) => figures?.cpuUsPerRequest);
  return pairedRatio(cpu(row), cpu(reference));
}

function roundSpread({ median, min, max }: Spread, digits: number): Spread {
  return { median: rounded(median, digits), min: rounded(min, digits), max: rounded(max, digits) };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
