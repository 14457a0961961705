/** @module Times for the CLI, which takes whole seconds. */

/** The instant in ISO 8601, up to the next whole second. @param atMs milliseconds since 1970 */
export function cliTime(atMs: number): string {
  return new Date(Math.ceil(atMs / 1_000) * 1_000).toISOString();
}
