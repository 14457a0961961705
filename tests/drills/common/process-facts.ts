/**
 * @module What Linux tells of a process: memory, and open descriptors.
 *
 * Failure policy: of a process that is gone there is no memory (NaN, which is within no bound) and no descriptor.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Kilobytes of memory that it has now, and the most that it has had since `forgetPeak`. */
export function residentKb(pid: number): { readonly now: number; readonly peak: number } {
  const path = `/proc/${pid}/status`;
  const status = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s*([0-9]+)`, 'm').exec(status)?.[1]);
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** The peak is counted by the system itself, so that none falls between two looks. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Open descriptors: connections, above all. */
export function descriptors(pid: number): number {
  const path = `/proc/${pid}/fd`;
  return existsSync(path) ? readdirSync(path).length : 0;
}
