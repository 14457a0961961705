// @ts-check
/// <reference lib="dom" />
/**
 * The service's time in the browser. A phone's clock may be minutes wrong, so its difference from the
 * service's is taken from the page's own response (header Server-Timing), or from a later answer's Date.
 * Both lie a little in the past when they are read: the clock is late by that little, never early.
 */

/** @typedef {{ nowMs: () => number, set: (serviceMs: number, atMs: number) => void, isSet: () => boolean }} Clock */

/** @returns {Clock} */
export function makeClock() {
  let offsetMs = 0;
  let known = false;
  const fromPage = offsetOfNavigation();
  if (fromPage !== undefined) {
    offsetMs = fromPage;
    known = true;
  }
  return {
    nowMs: () => Date.now() + offsetMs,
    isSet: () => known,
    set: (serviceMs, atMs) => {
      offsetMs = serviceMs - atMs;
      known = true;
    },
  };
}

/**
 * By the response that brought the page; undefined where the browser does not tell, or where the page
 * came from its cache and the header is old.
 * @returns {number | undefined}
 */
function offsetOfNavigation() {
  if (!window.performance || !performance.getEntriesByType) return undefined;
  const entry = /** @type {PerformanceNavigationTiming | undefined} */ (
    performance.getEntriesByType('navigation')[0]
  );
  if (!entry || !entry.serverTiming || !(entry.transferSize > 0)) return undefined;
  const timing = entry.serverTiming.filter((one) => one.name === 'now')[0];
  if (!timing) return undefined;
  const responseAtMs = Date.now() - (performance.now() - entry.responseStart);
  return timing.duration - responseAtMs;
}
