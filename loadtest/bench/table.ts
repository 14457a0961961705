/**
 * The report as text: pure.
 */
import type { Report, ReportRow } from './report.ts';

const COLUMNS = [
  '',
  'CPU µs/request',
  'min–max',
  'requests/s',
  'min–max',
  'p99 ms',
  'min–max',
  '× plain',
  '× equal',
  'busy',
  'others',
];

/** The table, the targets, and what could not be measured. */
export function showReport(report: Report): string {
  const { rows, targets, notAvailable, faults, machine, rounds, turnsPerRound, connections } = report;
  const cells = [COLUMNS, ...rows.map((row) => cellsOf(row, report))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? '').length)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [
    '',
    `medians of ${rounds} rounds, each with every process started anew, of ${turnsPerRound} turns; ${connections} kept connections`,
    Object.entries(machine)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    '',
    ...lines,
    '',
    'CPU: user and system time of all the server’s processes by answers; ×: to nginx+Lua+Redis, plain and with',
    'equal duties, median of the paired turns; busy: share of the time the server was running (below 90% the load',
    'was the slower one, and requests/s is the load’s); others: share of the server’s core that others took.',
    '',
    ...targets.map(
      ({ row, of, atMost, ratio, held }) =>
        `${held ? 'held  ' : 'MISSED'}  ${row} / ${of}: ${ratio.toFixed(3)}, at most ${atMost.toFixed(2)}`,
    ),
    ...notAvailable.map(({ name, reason }) => `not available: ${name}: ${reason}`),
    ...faults.map(({ name, round, reason }) => `FAILED: ${name} in round ${round}: ${reason}`),
    '',
  ].join('\n');
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function cellsOf(row: ReportRow, { ratios }: Report): string[] {
  const { spread } = row;
  const ratio = (reference: string): string => ratios[row.name]?.[reference]?.median.toFixed(2) ?? '';
  return [
    row.name,
    row.cpuUsPerRequest.toFixed(1),
    `${spread.cpuUsPerRequest.min.toFixed(1)}–${spread.cpuUsPerRequest.max.toFixed(1)}`,
    row.requestsPerSecond.toLocaleString('en'),
    `${spread.requestsPerSecond.min.toLocaleString('en')}–${spread.requestsPerSecond.max.toLocaleString('en')}`,
    row.p99Ms.toFixed(1),
    `${spread.p99Ms.min.toFixed(1)}–${spread.p99Ms.max.toFixed(1)}`,
    ratio('nginx-lua-redis'),
    ratio('nginx-lua-redis-equal'),
    percent(row.busy),
    percent(row.disturbed),
  ];
}
