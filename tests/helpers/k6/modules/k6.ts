/** @module The double of `k6`. */
import { addSample, requirePhase, runtime } from '../runtime.ts';
import type { Tags } from '../runtime.ts';

export function check<T>(
  value: T,
  sets: Readonly<Record<string, (value: T) => unknown>>,
  tags?: Tags,
): boolean {
  let all = true;
  for (const [name, test] of Object.entries(sets)) {
    const passed = Boolean(test(value));
    addSample('checks', passed ? 1 : 0, { ...tags, check: name });
    const counts = runtime.checks.get(name) ?? { passes: 0, fails: 0 };
    counts[passed ? 'passes' : 'fails'] += 1;
    runtime.checks.set(name, counts);
    all &&= passed;
  }
  return all;
}

export function fail(message?: string): never {
  throw new Error(message);
}

/** Blocks, as k6's does. */
export function sleep(seconds: number): void {
  requirePhase(['setup', 'iteration', 'teardown'], 'sleep is not for the init context');
  if (!(seconds >= 0)) throw new Error('sleep takes a number of seconds');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1_000);
}

export default { check, fail, sleep };
