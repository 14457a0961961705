/**
 * A reason why something can't be brought up on this machine, as one sentence that says what to do next.
 * Entry points print the sentence and exit with 1.
 */
export class SetupError extends Error {
  override name = 'SetupError';
}

const advice: Record<string, string> = {
  ENOSPC: 'The disk is full: free some space and run the command again.',
  // Postgres's own code for it.
  '53100': 'The disk is full: free some space and run the command again.',
  EDQUOT: 'The disk quota is used up: free some space and run the command again.',
  EROFS: 'The file system is read-only: work in a checkout on a disk that can be written to.',
  EMFILE: 'Too many files are open: raise the limit with "ulimit -n 4096" and run the command again.',
};

/** The sentence for a fault: its own if it is ours, else the best one for a known system error. */
export function sentenceFor(fault: unknown): string {
  if (fault instanceof SetupError) return fault.message;
  if (!(fault instanceof Error)) return String(fault);
  const code = faultCode(fault);
  const path = 'path' in fault && typeof fault.path === 'string' ? fault.path : undefined;
  if (code === 'EACCES' || code === 'EPERM') {
    const where = path === undefined ? 'a file here' : path;
    return `There is no permission to use ${where}: run this as the owner of this folder, or give the folder to the user who runs it.`;
  }
  return (code === undefined ? undefined : advice[code]) ?? fault.stack ?? fault.message;
}

/** The code of a system's or a server's error (`ENOSPC`, `28P01`), if it has one. */
export function faultCode(fault: unknown): string | undefined {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : undefined;
}
