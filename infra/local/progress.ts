/**
 * @module Short lines that tell a person what is being done and how long it took.
 */

/** Runs `work` and prints "what … 0.8 s". */
export type Progress = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** The line begins before the work, so that a long step is seen while it runs. */
export function progressOn(stream: { write: (text: string) => unknown }): Progress {
  return async (what, work) => {
    const startedMs = performance.now();
    stream.write(`  ${what} … `);
    try {
      const result = await work();
      stream.write(`${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
      return result;
    } catch (fault) {
      stream.write('failed\n');
      throw fault;
    }
  };
}
