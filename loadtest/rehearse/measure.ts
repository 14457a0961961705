/**
 * One run of a crew, measured.
 */
import { availableParallelism } from 'node:os';
import type { Phase, Profile } from '../profiles/profile.ts';
import { curveSeconds } from '../profiles/rate-curve.ts';
import type { Figures } from '../profiles/report.ts';
import type { Crew } from './crew.ts';
import type { Lateness, OutcomeCount, SecondFigures } from './figures.ts';
import { figuresBySecond, firstResultAfterMs, latenessOf, outcomeCounts, runFigures } from './figures.ts';
import type { Limits } from './limits.ts';
import { limitsOf } from './limits.ts';
import type { Sample, Watched } from './watch.ts';
import { watch } from './watch.ts';

/** CPU in cores, the mean of the seconds of a run. */
export interface CoresUsed {
  readonly generator: number;
  readonly service: number | undefined;
  readonly redis: number | undefined;
  readonly machine: number | undefined;
}

export interface Measured {
  readonly figures: Figures;
  readonly bySecond: readonly SecondFigures[];
  readonly outcomes: readonly OutcomeCount[];
  readonly failures: readonly string[];
  readonly broken: number;
  readonly lateness: Lateness;
  readonly limits: Limits;
  readonly samples: readonly Sample[];
  readonly coresUsed: CoresUsed;
  /** Milliseconds; undefined when nothing was released in the run, or nothing answered. */
  readonly firstResultAfterMs: number | undefined;
}

export interface MeasureOptions {
  readonly crew: Crew;
  readonly phases: readonly Phase[];
  readonly profile: Pick<Profile, 'connections' | 'maxConnections' | 'requestTimeoutSeconds'>;
  readonly seed: number;
  readonly watched: Watched;
  readonly startAtMs?: number | undefined;
  /** Milliseconds since 1970; undefined: the series is open. */
  readonly releaseAtMs?: number | undefined;
  /** Seconds from the beginning to the release. */
  readonly releaseSecond?: number | undefined;
  readonly stop: AbortSignal;
}

/** Runs the phases and measures. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { crew, phases, profile, seed, watched, stop } = options;
  const endWatch = watch(watched);
  const result = await crew.run({
    phases,
    seed,
    connections: profile.maxConnections,
    timeoutMs: profile.requestTimeoutSeconds * 1_000,
    startAtMs: options.startAtMs,
    releaseAtMs: options.releaseAtMs,
    stop,
  });
  const samples = await endWatch(result.startAtMs);
  const planned = phases.reduce((sum, { curve }) => sum + curveSeconds(curve), 0);
  const { columns } = result;
  const ran = stop.aborted ? columns.dueSecond.reduce((a, b) => Math.max(a, b), 0) : planned;
  const inTime = samples.filter(({ second }) => second < ran);
  const lateness = latenessOf(columns);
  return {
    figures: runFigures(columns, result.due, ran),
    bySecond: figuresBySecond(columns, ran),
    outcomes: outcomeCounts(columns),
    failures: result.failures,
    broken: result.broken,
    lateness,
    limits: limitsOf({
      lateness,
      busy: result.busy,
      samples: inTime,
      machineCores: availableParallelism(),
      sharesMachine: watched.servicePid !== undefined,
    }),
    samples: inTime,
    coresUsed: {
      generator: meanOf(inTime.map(({ generator }) => generator)) ?? 0,
      service: cores(inTime, 'service'),
      redis: cores(inTime, 'redis'),
      machine: cores(inTime, 'machine'),
    },
    firstResultAfterMs:
      options.releaseSecond === undefined ? undefined : firstResultAfterMs(columns, options.releaseSecond),
  };
}

function cores(samples: readonly Sample[], name: 'service' | 'redis' | 'machine'): number | undefined {
  return meanOf(samples.flatMap((sample) => sample[name] ?? []));
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
