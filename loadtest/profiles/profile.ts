/**
 * Load profiles as data: how much, of what, and what must hold. Pure, without a package, so that k6 runs the
 * same files as autocannon and the tests. The load is open: a request is sent when it is due, whether or not
 * earlier ones were answered, because candidates do not wait for each other.
 */

/** What a visitor does. */
export const REQUEST_KINDS = ['first', 'repeat', 'wrong', 'series', 'page'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Kinds that must succeed; a wrong guess is answered well when it is refused. */
export const HONEST_KINDS: readonly RequestKind[] = ['first', 'repeat', 'series', 'page'];

export interface Profile {
  readonly name: string;
  /** Requests a second. */
  readonly ratePerSecond: number;
  readonly seconds: number;
  /**
   * Shares of the kinds, in whole percent; they add up to 100. first: a candidate who was not asked for before
   * (until all were); repeat: one of the recent ones again; wrong: well-formed credentials of two candidates
   * mixed; series: GET /v1/series; page: GET /.
   */
  readonly mix: Readonly<Record<RequestKind, number>>;
  /** Connections or virtual users kept ready, and the most that may be used. */
  readonly connections: number;
  readonly maxConnections: number;
  readonly requestTimeoutSeconds: number;
  readonly thresholds: Thresholds;
}

/** What a run must hold. Milliseconds are of the honest lookups, from sending to the last byte, failed ones included. */
export interface Thresholds {
  /** Not for a profile to relax: one wrong result is one too many. */
  readonly wrongAnswers: 0;
  /** Of the honest requests, 0 to 1. */
  readonly honestSuccess: number;
  /** Of the requests that the rate and the time make: less means that the runner, or the service, fell behind. */
  readonly sentShare: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** The first look at an installed system: half a minute that any machine carries. */
const smoke: Profile = {
  name: 'smoke',
  ratePerSecond: 20,
  seconds: 30,
  // eboardresults.com reports 3.5 requests for each result shown; pages and lists weigh about as much here.
  mix: { first: 40, repeat: 25, wrong: 5, series: 10, page: 20 },
  connections: 10,
  maxConnections: 40,
  requestTimeoutSeconds: 10,
  // Bounds of a sound system on two shared cores, not its speed: 20/s are far below any capacity.
  thresholds: { wrongAnswers: 0, honestSuccess: 0.999, sentShare: 0.98, p50Ms: 50, p95Ms: 200, p99Ms: 500 },
};

export const PROFILES: readonly Profile[] = [smoke];

/**
 * The profile of that name.
 * @throws Error that lists the known names: a misspelt profile must not run as something else.
 */
export function profileByName(name: string): Profile {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  const known = PROFILES.map((profile) => profile.name).join(', ');
  throw new Error(`There is no load profile "${name}": the profiles are ${known}.`);
}
