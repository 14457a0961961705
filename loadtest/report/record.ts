/**
 * All that a rehearsal knows at its end: report.json, and what report.html shows.
 */
import type { Check } from '../capacity/model.ts';
import type { Plan } from '../capacity/plan.ts';
import type { Simulation } from '../capacity/simulate.ts';
import type { Forecast } from '../profiles/forecast.ts';
import type { Mix } from '../profiles/profile.ts';
import type { Finding, Report } from '../profiles/report.ts';
import type { Measured } from '../rehearse/measure.ts';

/** A try at a rate in the search for C. */
export interface CapacityStep {
  readonly ratePerSecond: number;
  readonly purpose: 'search' | 'confirm';
  readonly held: boolean;
  readonly isGeneratorsLimit: boolean;
  readonly measured: Measured;
}

export interface CapacityRecord {
  /** C, requests of all kinds a second; null when it was not found. */
  readonly perSecond: number | null;
  readonly limitedBy: 'service' | 'generator' | 'search' | undefined;
  readonly steps: readonly CapacityStep[];
  readonly mix: Mix;
  readonly stepSeconds: number;
}

/** The model of capacity, held against measurements to which it was not fitted. */
export interface ModelRecord {
  readonly fittedTo: readonly number[];
  readonly checks: readonly Check[];
  /** CPU microseconds a request at the rate that was held out, as predicted. */
  readonly serviceUs: number;
  readonly redisUs: number;
  readonly bottleneck: 'service' | 'redis' | 'machine';
}

/** Two simulations of the largest plan: with the reserve as planned, and with a part of the instances. */
export interface SimulationRecord {
  readonly candidates: number;
  readonly planned: Simulation;
  readonly fewer: Simulation;
}

export interface RehearsalRecord {
  readonly summary: Report;
  /** A run that was stopped by Ctrl-C. */
  readonly isStopped: boolean;
  readonly findings: readonly Finding[];
  /** ISO instants. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly target: string;
  readonly isLocalSet: boolean;
  readonly series: string;
  readonly candidates: number;
  readonly forecast: Forecast;
  /** Name and value of what the run was asked for. */
  readonly settings: Readonly<Record<string, string>>;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  /** Of git, with a note when files were changed since; undefined outside of a checkout. */
  readonly revision: string | undefined;
  readonly run: Measured;
  readonly phases: readonly { readonly name: string; readonly seconds: number; readonly mix: Mix }[];
  /** Seconds from the beginning of the run to the release; undefined: it was open all the time. */
  readonly releaseSecond: number | undefined;
  readonly capacity: CapacityRecord | undefined;
  readonly model: ModelRecord | undefined;
  readonly plans: readonly Plan[];
  readonly simulation: SimulationRecord | undefined;
  readonly redisBytesPerCandidate: number | undefined;
  readonly postgresConnections: number | undefined;
  readonly serviceProcesses: number | undefined;
}
