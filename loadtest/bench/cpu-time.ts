/**
 * CPU time of processes and cores, from /proc.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** Linux counts in hundredths of a second on every architecture (USER_HZ). */
const TICK_US = 10_000;

/**
 * User and system time, in microseconds, of a process with all its threads and of its descendants. The kernel
 * keeps exact run times and shows them in ticks of 10 ms: 2% of a measurement of 1 s, either way.
 * @throws when the process has ended: its time would be lost.
 */
export function cpuTimeUs(pid: number): number {
  let ticks = 0;
  for (const one of [pid, ...descendantsOf(pid)]) ticks += ticksIn(readFileSync(`/proc/${one}/stat`, 'utf8'));
  return ticks * TICK_US;
}

/** utime and stime of a line of /proc/<pid>/stat; the program's name in it may hold blanks and brackets. */
export function ticksIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Processes that a process has started, and theirs: of one that has ended, none. */
export function descendantsOf(pid: number): number[] {
  const tasks = ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  const children = tasks.flatMap((task) => childrenIn(pid, task));
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenIn(pid: number, task: string): number[] {
  const text = ifThere(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))?.trim() ?? '';
  return text === '' ? [] : text.split(' ').map(Number);
}

/** undefined: the process or the thread has ended since it was listed. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

export interface CoreTime {
  /** User, nice and system time of all processes on the core, in microseconds. */
  readonly processesUs: number;
  /** Time that the hypervisor gave to somebody else. */
  readonly stolenUs: number;
}

/** Of some cores together. */
export function coreTime(cores: readonly number[]): CoreTime {
  return coreTimeIn(readFileSync('/proc/stat', 'utf8'), cores);
}

/** The same from the text of /proc/stat. */
export function coreTimeIn(stat: string, cores: readonly number[]): CoreTime {
  let processes = 0;
  let stolen = 0;
  for (const line of stat.split('\n')) {
    const [name = '', user, nice, system, , , , , steal] = line.split(' ');
    if (!cores.some((core) => name === `cpu${core}`)) continue;
    processes += Number(user) + Number(nice) + Number(system);
    stolen += Number(steal ?? 0);
  }
  return { processesUs: processes * TICK_US, stolenUs: stolen * TICK_US };
}
