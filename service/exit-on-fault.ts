/** How our programs end when they cannot start. */
import { FangbangError } from '#results/errors.ts';

/** Exit code 2 with every fault of the configuration, 1 with one sentence for the rest; else the error is thrown on. */
export function exitOnFault(error: unknown): never {
  if (!(error instanceof FangbangError)) throw error;
  const faults = error.faults.map((fault) => `\n  ${fault}`).join('');
  process.stderr.write(`fangbang: ${error.message}${faults}\n`);
  process.exit(error.faults.length > 0 ? 2 : 1);
}
