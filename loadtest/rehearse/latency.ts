/**
 * Latencies of an open load, sent by a runner that is not quite open.
 */

/**
 * Adds what a waiting connection could not send (coordinated omission): while one answer took 5 s, visitors who
 * were due in that time waited as well, the next one 5 s less one interval, and so on (HdrHistogram's
 * recordValueWithExpectedInterval). autocannon corrects too, but with an expected interval of 1 ms at any
 * rate, which drowns the real values.
 *
 * @param measuredMs one latency per answer, or per request that was given up.
 * @param intervalMs between two requests of one connection at the wanted rate.
 */
export function correctOmission(measuredMs: readonly number[], intervalMs: number): number[] {
  const corrected: number[] = [];
  for (const value of measuredMs) {
    corrected.push(value);
    for (let missing = value - intervalMs; missing >= intervalMs; missing -= intervalMs)
      corrected.push(missing);
  }
  return corrected;
}

/** The nearest-rank percentile, 0 when there is no value. `percent` is from 0 (not included) to 100. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0;
}
