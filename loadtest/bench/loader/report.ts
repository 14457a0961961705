/**
 * What `npm run bench:loader` says: medians over the rounds. Pure.
 */
import { pairedRatio, spreadOf } from '../statistics.ts';
import type { CliRun } from './cli-run.ts';
import type { Floor } from './floor.ts';
import type { Timed } from './timed-child.ts';

export interface Round {
  readonly floor: Floor;
  readonly cli: CliRun;
}

/** Medians. */
export interface Part {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The highest of all rounds. */
  readonly peakRssMb: number;
}

export interface LoaderReport {
  readonly rows: number;
  /** csv-parse, COPY and redis-cli --pipe, one after the other. */
  readonly floorSeconds: number;
  /** load and warm. */
  readonly seconds: number;
  /** seconds ÷ floorSeconds. */
  readonly ratio: number;
  /** The highest of load, warm and verify, in MB of 2²⁰ bytes. */
  readonly peakRssMb: number;
  readonly withinLimits: boolean;
  readonly rounds: number;
  /** seconds ÷ floorSeconds of each round by itself. */
  readonly ratioOfRounds: { readonly median: number; readonly min: number; readonly max: number };
  readonly floor: { readonly csvParse: Part; readonly copy: Part; readonly redisPipe: Part };
  readonly load: Part;
  readonly warm: Part;
  readonly verify: Part;
}

/** load and warm may take so many times the floor; 1.5 is where we want to be. */
export const MOST_RATIO = 2;
/** Whatever the file's size. */
export const MOST_RSS_MB = 400;

/** @throws RangeError for no rounds. */
export function makeReport(rows: number, rounds: readonly Round[]): LoaderReport {
  const floors = rounds.map(({ floor }) => secondsOf(floor.csvParse, floor.copy, floor.redisPipe));
  const works = rounds.map(({ cli }) => secondsOf(cli.load, cli.warm));
  const floorSeconds = spreadOf(floors).median;
  const seconds = spreadOf(works).median;
  const ratio = rounded(seconds / floorSeconds);
  const paired = pairedRatio(works, floors) ?? spreadOf([]);
  const load = partOf(rounds.map(({ cli }) => cli.load));
  const warm = partOf(rounds.map(({ cli }) => cli.warm));
  const verify = partOf(rounds.map(({ cli }) => cli.verify));
  const peakRssMb = Math.max(load.peakRssMb, warm.peakRssMb, verify.peakRssMb);
  return {
    rows,
    floorSeconds: rounded(floorSeconds),
    seconds: rounded(seconds),
    ratio,
    peakRssMb,
    withinLimits: ratio <= MOST_RATIO && peakRssMb <= MOST_RSS_MB,
    rounds: rounds.length,
    ratioOfRounds: {
      median: rounded(paired.median),
      min: rounded(paired.min),
      max: rounded(paired.max),
    },
    floor: {
      csvParse: partOf(rounds.map(({ floor }) => floor.csvParse)),
      copy: partOf(rounds.map(({ floor }) => floor.copy)),
      redisPipe: partOf(rounds.map(({ floor }) => floor.redisPipe)),
    },
    load,
    warm,
    verify,
  };
}

/** Lines for people. */
export function reportLines(report: LoaderReport): string[] {
  const { floor } = report;
  return [
    `${report.rows.toLocaleString('en')} rows, medians of ${report.rounds} rounds    wall      CPU    peak`,
    line('csv-parse', floor.csvParse),
    line('COPY', floor.copy),
    line('redis-cli --pipe', floor.redisPipe),
    line('load', report.load),
    line('warm', report.warm),
    line('verify', report.verify),
    `load + warm ${report.seconds} s = ${report.ratio} × the floor of ${report.floorSeconds} s (rounds ${report.ratioOfRounds.min} to ${report.ratioOfRounds.max}), peak ${report.peakRssMb} MB`,
    report.withinLimits
      ? `within ${MOST_RATIO} × and ${MOST_RSS_MB} MB`
      : `ABOVE ${MOST_RATIO} × or ${MOST_RSS_MB} MB`,
  ];
}

function line(name: string, { seconds, cpuSeconds, peakRssMb }: Part): string {
  const times = [seconds, cpuSeconds].map((value) => `${value.toFixed(2).padStart(8)} s`);
  return `  ${name.padEnd(20)}${times.join('')}${String(peakRssMb).padStart(6)} MB`;
}

function secondsOf(...parts: readonly Timed[]): number {
  return parts.reduce((sum, part) => sum + part.seconds, 0);
}

function partOf(runs: readonly Timed[]): Part {
  return {
    seconds: rounded(spreadOf(runs.map((run) => run.seconds)).median),
    cpuSeconds: rounded(spreadOf(runs.map((run) => run.cpuSeconds)).median),
    peakRssMb: Math.ceil(Math.max(...runs.map((run) => run.peakRssMb))),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
