// Sabotage: nothing that is asked of Redis is given up, neither by its clients nor by a lookup (50 ms) or the counters
// (120 ms) themselves. Loaded before the service.
import './library-defaults.mjs';

const GIVEN_UP_AFTER_MS = new Set([50, 120]);
const FAR_AWAY_MS = 3_600_000;
const { setTimeout: later } = globalThis;

globalThis.setTimeout = function setPatientTimeout(work, delayMs, ...args) {
  return later(work, GIVEN_UP_AFTER_MS.has(delayMs) ? FAR_AWAY_MS : delayMs, ...args);
};
