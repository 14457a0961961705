/**
 * What `validate` and `load` say of the files they read: the fields of `--json`, lines for people, and
 * the refusal when rows were rejected.
 */
import { showChecksum } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import { table } from '../table.ts';
import type { ReadReport } from './read-official-files.ts';
import { REJECT_REASONS } from './reject-codes.ts';

/** The fields that `validate --json` and `load --json` share. */
export function reportJson(
  definition: SeriesDefinition,
  report: ReadReport,
  rejectFile: string | undefined,
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
    statuses: report.statistics.statuses,
    components: report.statistics.components,
    seconds: secondsSince(startedAtMs),
  };
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
  rejectFile: string | undefined,
): string[] {
  const { rows } = report;
  return [
    `series ${definition.id}`,
    ...report.files.map((f) => `${f.name}: ${f.encoding}, ${f.lines} lines, sha256 ${f.sha256}`),
    `rows: ${rows.read} read, ${rows.accepted} accepted, ${rows.rejected} rejected, ${rows.skipped} skipped (blank, or the header again)`,
    ...normalisationLines(report),
    ...rejectLines(report),
    ...(rejectFile === undefined ? [] : [`all rejected lines: ${rejectFile}`]),
    ...statisticsLines(definition, report),
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

function statisticsLines(definition: SeriesDefinition, report: ReadReport): string[] {
  const { components, statuses, totals } = report.statistics;
  const lines = [
    `statuses: ${Object.entries(statuses)
      .map(([status, n]) => `${status} ${n}`)
      .join(', ')}`,
  ];
  if (components.length > 0) {
    lines.push(
      ...table(
        ['component', 'taken', 'absent', 'min', 'mean', 'max', 'grades'],
        components.map((c) => [
          c.code,
          String(c.taken),
          `${(c.absentShare * 100).toFixed(2)}%`,
          c.min === null ? '' : String(c.min),
          c.mean === null ? '' : c.mean.toFixed(2),
          c.max === null ? '' : String(c.max),
          c.grades === null
            ? ''
            : Object.entries(c.grades)
                .map(([grade, n]) => `${grade} ${n}`)
                .join(', '),
        ]),
      ),
    );
  }
  const [highest, lowest] = [totals[0]?.[0], totals.at(-1)?.[0]];
  if (definition.total !== undefined && highest !== undefined && lowest !== undefined)
    lines.push(`totals: ${lowest} to ${highest} of ${definition.total.max}`);
  return lines;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
