/**
 * What an authority expects of the release, and the rate that follows from it.
 */

export interface Forecast {
  readonly candidates: number;
  /** Each looks so often, over the day: alone, with parents, with the school. */
  readonly lookupsPerCandidate: number;
  /** Of all lookups, the share that comes within the first minute; above 0, below 1. */
  readonly firstMinuteShare: number;
}

/**
 * Five looks a candidate (eboardresults.com counted 3.5 requests for each result shown), a fifth of all within
 * the first minute: harder than any published curve that we found, in which an hour holds most.
 */
export const USUAL_FORECAST = { lookupsPerCandidate: 5, firstMinuteShare: 0.2 } as const;

/** The time constant of the crowd in seconds: interest decays exponentially from T on. */
export function decaySeconds({ firstMinuteShare }: Pick<Forecast, 'firstMinuteShare'>): number {
  return -60 / Math.log(1 - firstMinuteShare);
}

/** Lookups a second at T, the highest there will be. */
export function peakLookupsPerSecond(forecast: Forecast): number {
  return (forecast.candidates * forecast.lookupsPerCandidate) / decaySeconds(forecast);
}

/** The share of all lookups that has come so many seconds after T. */
export function shareUntil(forecast: Pick<Forecast, 'firstMinuteShare'>, seconds: number): number {
  return 1 - Math.exp(-seconds / decaySeconds(forecast));
}

/** @throws RangeError for a forecast that cannot be. */
export function checkForecast(forecast: Forecast): Forecast {
  const { candidates, lookupsPerCandidate, firstMinuteShare } = forecast;
  if (!(candidates >= 1)) throw new RangeError('A forecast has at least one candidate.');
  if (!(lookupsPerCandidate > 0 && lookupsPerCandidate <= 1_000))
    throw new RangeError('Lookups per candidate are above 0 and at most 1000.');
  if (!(firstMinuteShare > 0 && firstMinuteShare < 1))
    throw new RangeError('The share within the first minute is above 0 and below 1.');
  return forecast;
}
