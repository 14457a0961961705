/**
 * Load profiles as data: how much, of what, and what must hold. Pure, without a package, so that k6 runs the
 * same files as autocannon and the tests. The load is open: a request is sent when it is due, whether or not
 * earlier ones were answered, because candidates do not wait for each other.
 */
import type { Forecast } from './forecast.ts';
import { checkForecast, decaySeconds, peakLookupsPerSecond } from './forecast.ts';
import type { RateCurve, Stage } from './rate-curve.ts';
import { constantRate, curvePeak, curveRequests, curveSeconds } from './rate-curve.ts';

/** What a visitor does. */
export const REQUEST_KINDS = ['first', 'repeat', 'wrong', 'series', 'page', 'early'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Kinds that must succeed; a wrong guess is answered well when it is refused, an early bird when sent away. */
export const HONEST_KINDS: readonly RequestKind[] = ['first', 'repeat', 'series', 'page', 'early'];
/** Kinds whose time counts. */
export const LOOKUP_KINDS: readonly RequestKind[] = ['first', 'repeat'];

/**
 * Shares of the kinds, in whole percent; they add up to 100. first: a candidate who was not asked for before
 * (until all were); repeat: one of the recent ones again; wrong: well-formed credentials of two candidates
 * mixed; series: GET /v1/series; page: GET /; early: a lookup before the release, to be sent away with 403.
 */
export type Mix = Readonly<Record<RequestKind, number>>;

/** A part of a run with a mix of its own: a scenario of k6. */
export interface Phase {
  readonly name: string;
  readonly curve: RateCurve;
  readonly mix: Mix;
}

export interface Profile {
  readonly name: string;
  /** One after the other. */
  readonly phases: readonly Phase[];
  /** Seconds from the beginning to the release; undefined when the series is open all the time. */
  readonly releaseAfterSeconds: number | undefined;
  /** Connections or virtual users kept ready, and the most that may be used. */
  readonly connections: number;
  readonly maxConnections: number;
  readonly requestTimeoutSeconds: number;
  readonly thresholds: Thresholds;
  /** Stop when a threshold is missed: the profile looks for the rate at which that happens. */
  readonly endsAtMiss: boolean;
}

/** What a run must hold. Milliseconds are of the honest lookups, to the last byte, failed ones included. */
export interface Thresholds {
  /** Not for a profile to relax: one wrong result is one too many. */
  readonly wrongAnswers: 0;
  /** Of the honest requests that were not asked for a proof of work, 0 to 1. */
  readonly honestSuccess: number;
  /** Of the honest lookups: asked for a proof of work, which the page then does by itself, 0 to 1. */
  readonly askedForProof: number;
  /** Of the requests that are due: less means that the runner, or the service, fell behind. */
  readonly sentShare: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** What candidates are promised: C is the highest rate at which this holds. */
export const OBJECTIVE: Thresholds = {
  wrongAnswers: 0,
  honestSuccess: 0.9999,
  askedForProof: 0.005,
  sentShare: 0.98,
  p50Ms: 100,
  p95Ms: 100,
  p99Ms: 100,
};

/**
 * eboardresults.com reports 3.5 requests for each result shown; pages and lists weigh about as much here. Of those
 * who type their credentials one in 35 mistypes.
 */
export const OPEN_MIX: Mix = { first: 42, repeat: 26, wrong: 2, series: 10, page: 20, early: 0 };
/** So short a run needs more of them to see any. */
const SMOKE_MIX: Mix = { ...OPEN_MIX, first: 40, repeat: 25, wrong: 5 };
/** Most of those who wait look at the page, and some try. */
const WAITING_MIX: Mix = { first: 0, repeat: 0, wrong: 0, series: 20, page: 40, early: 40 };
/** Share of a mix that is honest lookups. */
export function lookupShare(mix: Mix): number {
  return LOOKUP_KINDS.reduce((sum, kind) => sum + mix[kind], 0) / 100;
}

/** How a profile may be made smaller, larger, shorter or longer. */
export interface Sizing {
  readonly forecast: Forecast;
  /** In place of the rate that follows from the forecast (smoke: in place of its own): the highest rate. */
  readonly ratePerSecond?: number | undefined;
  /** In place of the profile's own duration; for release-day the part from T on. */
  readonly seconds?: number | undefined;
  /** Length of the waiting before T in release-day. */
  readonly waitingSeconds?: number | undefined;
}

/** The first look at an installed system: half a minute that any machine carries. */
function smoke({ ratePerSecond = 20, seconds = 30 }: Sizing): Profile {
  return {
    name: 'smoke',
    phases: [{ name: 'visits', curve: constantRate(ratePerSecond, seconds), mix: SMOKE_MIX }],
    releaseAfterSeconds: undefined,
    connections: 10,
    maxConnections: 40,
    requestTimeoutSeconds: 10,
    // Bounds of a sound system on two shared cores, not its speed: 20/s are far below any capacity.
    thresholds: { ...OBJECTIVE, honestSuccess: 0.999, p50Ms: 50, p95Ms: 200, p99Ms: 500 },
    endsAtMiss: false,
  };
}

/** The crowd before T, the step at T, and the first part of the long tail; later it only gets easier. */
function releaseDay(sizing: Sizing): Profile {
  const { seconds = 120, waitingSeconds = 20 } = sizing;
  const peak = peakVisits(sizing);
  return {
    ...large('release-day', peak),
    phases: [
      {
        name: 'waiting',
        // They come in the last minutes, ever more of them.
        curve: { fromPerSecond: peak * 0.05, stages: [{ seconds: waitingSeconds, toPerSecond: peak * 0.4 }] },
        mix: WAITING_MIX,
      },
      { name: 'release', curve: decay(peak, decaySeconds(sizing.forecast), seconds), mix: OPEN_MIX },
    ],
    releaseAfterSeconds: waitingSeconds,
  };
}

/** A quiet service, hit within a second: a link in the news, a class told by its teacher. */
function spike(sizing: Sizing): Profile {
  const { seconds = 60 } = sizing;
  const peak = peakVisits(sizing);
  const low = peak / 10;
  const third = seconds / 3;
  const stages: Stage[] = [
    { seconds: third, toPerSecond: low },
    { seconds: Math.min(1, third / 2), toPerSecond: peak },
    { seconds: third, toPerSecond: peak },
    { seconds: Math.min(1, third / 2), toPerSecond: low },
    { seconds: third, toPerSecond: low },
  ];
  return {
    ...large('spike', peak),
    phases: [{ name: 'spike', curve: { fromPerSecond: low, stages }, mix: OPEN_MIX }],
  };
}

/** An hour at a quarter of the peak: what leaks shows. */
function soak(sizing: Sizing): Profile {
  const rate = sizing.ratePerSecond ?? peakVisits(sizing) / 4;
  return {
    ...large('soak', rate),
    phases: [{ name: 'soak', curve: constantRate(rate, sizing.seconds ?? 3_600), mix: OPEN_MIX }],
  };
}

/** Rises from a tenth to four times the peak, until the objective is missed. */
function breakpoint(sizing: Sizing): Profile {
  const { seconds = 300 } = sizing;
  const peak = peakVisits(sizing);
  const most = sizing.ratePerSecond ?? peak * 4;
  const curve = { fromPerSecond: Math.min(most, peak) / 10, stages: [{ seconds, toPerSecond: most }] };
  return {
    ...large('breakpoint', most),
    phases: [{ name: 'rising', curve, mix: OPEN_MIX }],
    endsAtMiss: true,
  };
}

const MAKERS: Readonly<Record<string, (sizing: Sizing) => Profile>> = {
  smoke,
  'release-day': releaseDay,
  spike,
  soak,
  breakpoint,
};

export const PROFILE_NAMES: readonly string[] = Object.keys(MAKERS);

/**
 * The profile of that name for a forecast.
 * @throws Error that lists the known names: a misspelt profile must not run as something else; RangeError for
 * a forecast that cannot be.
 */
export function makeProfile(name: string, sizing: Sizing): Profile {
  const make = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (make === undefined)
    throw new Error(`There is no load profile "${name}": the profiles are ${PROFILE_NAMES.join(', ')}.`);
  checkForecast(sizing.forecast);
  return make(sizing);
}

/** Requests of all kinds that are due in the whole profile. */
export function plannedRequests({ phases }: Pick<Profile, 'phases'>): number {
  return phases.reduce((sum, { curve }) => sum + curveRequests(curve), 0);
}

/** Its duration. */
export function profileSeconds({ phases }: Pick<Profile, 'phases'>): number {
  return phases.reduce((sum, { curve }) => sum + curveSeconds(curve), 0);
}

/** The highest rate of all phases. */
export function profilePeak({ phases }: Pick<Profile, 'phases'>): number {
  return Math.max(...phases.map(({ curve }) => curvePeak(curve)));
}

/** Requests of all kinds a second at T: lookups are only a part of the mix. */
function peakVisits({ forecast, ratePerSecond }: Sizing): number {
  return ratePerSecond ?? Math.max(1, peakLookupsPerSecond(forecast) / lookupShare(OPEN_MIX));
}

/** What the profiles that follow the forecast have in common. */
function large(name: string, peak: number): Omit<Profile, 'phases'> {
  return {
    name,
    releaseAfterSeconds: undefined,
    // At 100 ms an answer, the objective's bound, so many are on their way at once, and half as many again.
    connections: Math.min(256, Math.max(16, Math.ceil(peak * 0.02))),
    maxConnections: Math.min(2_000, Math.max(64, Math.ceil(peak * 0.15))),
    requestTimeoutSeconds: 10,
    thresholds: OBJECTIVE,
    endsAtMiss: false,
  };
}

/** peak × e^(−t/τ) in straight pieces, which are short where it bends most. */
function decay(peak: number, decaysWithin: number, seconds: number): RateCurve {
  const pieces = 8;
  const stages = Array.from({ length: pieces }, (_, i) => ({
    seconds: seconds / pieces,
    toPerSecond: peak * Math.exp(-(((i + 1) / pieces) * seconds) / decaysWithin),
  }));
  return { fromPerSecond: peak, stages };
}
