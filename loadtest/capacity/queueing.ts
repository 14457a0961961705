/**
 * Waiting in a line before one server, after Pollaczek and Khinchine: what makes latency rise long before a
 * processor is full, and without bound when it is.
 */

/** A server and what comes to it. */
export interface Queue {
  readonly arrivalsPerSecond: number;
  readonly serviceMs: number;
  /** Squared coefficient of variation of the service time: 0 always the same, 1 exponential. */
  readonly variation: number;
}

/** Share of the time in which the server works; 1 and more cannot last. */
export function utilisation({ arrivalsPerSecond, serviceMs }: Queue): number {
  return (arrivalsPerSecond * serviceMs) / 1_000;
}

/** Mean milliseconds of waiting in M/G/1 (Pollaczek–Khinchine); infinite when the server cannot keep up. */
export function meanWaitMs(queue: Queue): number {
  const rho = utilisation(queue);
  return rho >= 1
    ? Number.POSITIVE_INFINITY
    : (rho * queue.serviceMs * (1 + queue.variation)) / (2 * (1 - rho));
}

/**
 * A percentile of the waiting time in milliseconds: those who wait at all (a share of the utilisation) wait an
 * exponential time, which is exact for M/M/1 and the usual approximation for M/G/1.
 * @param percent above 0 and below 100.
 */
export function waitPercentileMs(queue: Queue, percent: number): number {
  const rho = utilisation(queue);
  if (rho >= 1) return Number.POSITIVE_INFINITY;
  const beyond = 1 - percent / 100;
  return beyond >= rho ? 0 : (meanWaitMs(queue) / rho) * Math.log(rho / beyond);
}

/** The highest utilisation at which the 99th percentile of waiting and service stays within a bound. */
export function utilisationWithin(boundMs: number, serviceMs: number, variation: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 50; i += 1) {
    const rho = (low + high) / 2;
    const queue = { arrivalsPerSecond: (rho * 1_000) / serviceMs, serviceMs, variation };
    if (waitPercentileMs(queue, 99) + serviceMs * 3 <= boundMs) low = rho;
    else high = rho;
  }
  return low;
}
