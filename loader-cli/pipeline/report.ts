/**
 * What `validate` and `load` say of the files they read: the fields of `--json`, lines for people, and
 * the refusal when rows were rejected.
 */
import { showChecksum } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { Reference } from '../report/comparison.ts';
import { compareTotals, comparisonLines } from '../report/comparison.ts';
import type { Totals } from '../report/distribution.ts';
import { describeTotals } from '../report/distribution.ts';
import { binTotals, histogramLines, scaleOf } from '../report/histogram.ts';
import { table } from '../table.ts';
import type { ReadReport } from './read-official-files.ts';
import { REJECT_REASONS } from './reject-codes.ts';
import type { ComponentStatistics, Statistics } from './statistics.ts';

/** What is reported beside the reading itself. */
export interface ReportContext {
  /** The reject file, undefined when nothing was rejected. */
  readonly rejectFile: string | undefined;
  /** What the totals are compared with. */
  readonly reference: Reference | undefined;
  /** Of the terminal. */
  readonly columns: number;
}

/** So many bars of totals are drawn. */
const MOST_BARS = 16;

/** With fewer, a minimum or a mean is somebody's mark, and whoever reads the report may know whose. */
const FEWEST_DESCRIBED = 10;

/** The fields that `validate --json`, `load --json` and `correct --json` share. */
export function reportJson(
  definition: SeriesDefinition,
  report: ReadReport,
  { rejectFile, reference }: ReportContext,
  startedAtMs: number,
): Record<string, unknown> {
  return {
    series: definition.id,
    rows: report.rows,
    lines: report.lines,
    checksum: showChecksum(report.checksum),
    rejectFile: rejectFile ?? null,
    encoding: [...new Set(report.files.map((file) => file.encoding))].join(', '),
    files: report.files,
    normalisations: report.normalisations,
    rejects: Object.fromEntries(report.rejects.map(({ code, rows }) => [code, rows])),
    ...statisticsJson(report.statistics, reference),
    seconds: secondsSince(startedAtMs),
  };
}

/** What the accepted candidates' marks are like; null where so few would show single ones. */
export function statisticsJson(
  statistics: Statistics,
  reference: Reference | undefined,
): Record<string, unknown> {
  const totals = describableTotals(statistics);
  return {
    statuses: statistics.statuses,
    components: statistics.components.map(withoutSingleMarks),
    distribution: distributionJson(totals),
    comparison: reference === undefined ? null : (compareTotals(totals, reference)?.comparison ?? null),
  };
}

function withoutSingleMarks(component: ComponentStatistics): ComponentStatistics {
  if (component.marked >= FEWEST_DESCRIBED) return component;
  return { ...component, min: null, max: null, mean: null, grades: null };
}

function describableTotals({ totals }: Statistics): Totals {
  const candidates = totals.reduce((sum, [, n]) => sum + n, 0);
  return candidates < FEWEST_DESCRIBED ? [] : totals;
}

function distributionJson(totals: Totals): object | null {
  const described = describeTotals(totals);
  if (described === undefined) return null;
  const scale = scaleOf([totals], MOST_BARS);
  const histogram = binTotals(totals, scale).map(({ from, candidates }) => ({
    from,
    below: from + scale.step,
    candidates,
  }));
  return { ...described, histogram };
}

/** What Postgres keeps of a load beside the rows: counts, distribution, where they came from. */
export function batchSummary(report: ReadReport, startedAtMs: number): Record<string, unknown> {
  return {
    rows: report.rows,
    encodings: [...new Set(report.files.map((file) => file.encoding))],
    files: report.files.map(({ name, sha256 }) => ({ name, sha256 })),
    statuses: report.statistics.statuses,
    components: report.statistics.components,
    totals: Object.fromEntries(report.statistics.totals),
    normalisations: report.normalisations,
    rejects: Object.fromEntries(report.rejects.map(({ code, rows }) => [code, rows])),
    seconds: secondsSince(startedAtMs),
  };
}

/** Seconds to the millisecond. */
export function secondsSince(startedAtMs: number): number {
  return Math.round(performance.now() - startedAtMs) / 1000;
}

/** Why these files may not be loaded, undefined when they may. */
export function refusalOf(
  report: ReadReport,
  allowedRejects: number,
  rejectFile: string | undefined,
): FangbangError | undefined {
  const { rejected, accepted } = report.rows;
  const faults = report.rejects.map(({ code, rows }) => `${code}: ${count(rows, 'row')}`);
  if (report.ranksContradict) {
    return new FangbangError('rows-rejected', 'the ranks contradict the totals', {
      faults,
      hint: 'compare the lines named, compute the ranks again; --allow-rejects does not let this pass',
    });
  }
  if (rejected > allowedRejects) {
    return new FangbangError(
      'rows-rejected',
      `${count(rejected, 'row')} rejected${allowedRejects > 0 ? `, ${allowedRejects} allowed` : ''}`,
      {
        faults,
        hint: `mend the lines that ${rejectFile ?? 'the reject file'} names and start again`,
      },
    );
  }
  if (accepted === 0)
    return new FangbangError('rows-rejected', 'there is no candidate in what was read', { faults });
  return undefined;
}

/** The report for people. */
export function reportLines(
  definition: SeriesDefinition,
  report: ReadReport,
  { rejectFile, reference, columns }: ReportContext,
): string[] {
  const { rows } = report;
  return [
    `series ${definition.id}`,
    ...report.files.map((f) => `${f.name}: ${f.encoding}, ${f.lines} lines, sha256 ${f.sha256}`),
    `rows: ${rows.read} read, ${rows.accepted} accepted, ${rows.rejected} rejected, ${rows.skipped} skipped (blank, or the header again)`,
    ...normalisationLines(report),
    ...rejectLines(report),
    ...(rejectFile === undefined ? [] : [`all rejected lines: ${rejectFile}`]),
    ...statisticsLines(definition, report.statistics, { reference, columns }),
    `checksum ${showChecksum(report.checksum)}`,
  ];
}

function normalisationLines(report: ReadReport): string[] {
  const counts = Object.entries(report.normalisations).map(([kind, times]) => `${times} ${kind}`);
  return counts.length === 0 ? [] : [`normalised: ${counts.join(', ')}`];
}

function rejectLines(report: ReadReport): string[] {
  return report.rejects.flatMap(({ code, rows, first }) => {
    const { meaning, advice } = REJECT_REASONS[code];
    const places = first.map((reject) => {
      const file = report.files.length > 1 ? `${report.files[reject.file]?.name ?? ''}, ` : '';
      const column = reject.column === undefined ? '' : `, column ${reject.column}`;
      return `  ${file}line ${reject.line}${column}: ${reject.message}`;
    });
    return [
      `${code}: ${count(rows, 'row')} — ${meaning.zh} / ${meaning.en}`,
      ...places,
      ...(rows > first.length ? [`  … and ${rows - first.length} more`] : []),
      `  ${advice.zh} / ${advice.en}`,
    ];
  });
}

/** The same for people. */
export function statisticsLines(
  definition: SeriesDefinition,
  statistics: Statistics,
  { reference, columns }: Omit<ReportContext, 'rejectFile'>,
): string[] {
  const { statuses, components } = statistics;
  const said = Object.entries(statuses).map(([status, n]) => `${status} ${n}`);
  return [
    ...(said.length === 0 ? [] : [`statuses: ${said.join(', ')}`]),
    ...componentLines(components),
    ...totalsLines(definition, statistics, columns),
    ...comparedLines(statistics, reference, columns),
  ];
}

function componentLines(components: readonly ComponentStatistics[]): string[] {
  if (components.length === 0) return [];
  const lines = table(
    ['component', 'taken', 'absent', 'min', 'mean', 'max', 'grades'],
    components.map(withoutSingleMarks).map((c) => [
      c.code,
      String(c.taken),
      `${(c.absentShare * 100).toFixed(2)}%`,
      c.min === null ? '' : String(c.min),
      c.mean === null ? '' : c.mean.toFixed(2),
      c.max === null ? '' : String(c.max),
      Object.entries(c.grades ?? {})
        .map(([grade, n]) => `${grade} ${n}`)
        .join(', '),
    ]),
  );
  if (components.some((c) => c.marked > 0 && c.marked < FEWEST_DESCRIBED))
    lines.push(`of fewer than ${FEWEST_DESCRIBED} marks no more is said: it would show single ones`);
  return lines;
}

function totalsLines(definition: SeriesDefinition, statistics: Statistics, columns: number): string[] {
  const totals = describableTotals(statistics);
  const described = describeTotals(totals);
  if (definition.total === undefined || described === undefined) return [];
  const scale = scaleOf([totals], MOST_BARS);
  const { min, max, mean, quartiles } = described;
  return [
    `totals: ${min} to ${max} of ${definition.total.max}, mean ${mean.toFixed(2)}, quartiles ${quartiles.join(' / ')}`,
    ...histogramLines(binTotals(totals, scale), scale.step, columns),
  ];
}

function comparedLines(statistics: Statistics, reference: Reference | undefined, columns: number): string[] {
  if (reference === undefined) return [];
  const compared = compareTotals(describableTotals(statistics), reference, columns);
  return compared === undefined
    ? [`totals cannot be compared with ${reference.label}: there are too few in its range`]
    : comparisonLines(compared, 'this');
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
