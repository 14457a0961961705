/**
 * What a process that a test starts gets besides what the test gives it.
 */
const { NODE_COMPILE_CACHE: cache } = process.env;

/** What Node compiled for one process, it need not compile for the next (infra/local/test.ts). */
export const CHILD_ENVIRONMENT: Readonly<Record<string, string>> =
  cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };
