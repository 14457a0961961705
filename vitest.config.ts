import { defineConfig } from 'vitest/config';

/** Milliseconds for one test, and for one hook, by kind of test: a hook may clone databases or start a store. */
const timeoutsMs = { unit: 30_000, integration: 120_000, e2e: 180_000 };

export default defineConfig({
  test: {
    // A process for each file: signals, exit codes and pools of connections stay its own. Unit tests have none of
    // these, and load what they test once for all.
    pool: 'forks',
    // The smallest machine that we care for has two cores.
    maxWorkers: 2,
    projects: Object.entries(timeoutsMs).map(([name, timeoutMs]) => ({
      extends: true as const,
      test: {
        name,
        include: [`tests/${name}/**/*.test.ts`],
        testTimeout: timeoutMs,
        hookTimeout: Math.max(timeoutMs, 60_000),
        // The service gives Redis 50 ms: a machine that something else keeps busy fails a test that a quiet one
        // passes. So tests with processes may try again, and those of whole sets run after the others.
        ...(name === 'unit' ? { isolate: false } : { retry: 2 }),
        // They mostly wait: three files at a time keep two cores busy.
        ...(name === 'e2e' ? { maxWorkers: 3, sequence: { groupOrder: 1 } } : {}),
      },
    })),
  },
});
