/** @module The double of `k6`. */
import { addSample, runtime } from '../runtime.ts';
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

export default { check, fail };
