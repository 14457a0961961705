/**
 * @module Which core does what: the server has one to itself; load, stores and this program share another. Redis
 * is on the load's, so that a peer that makes more work for Redis does not pay for it here: only the server's own
 * CPU is compared.
 *
 * Failure policy: a machine without Linux's /proc and taskset, or with one core, is a SetupError.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { SetupError } from '../../infra/local/setup-error.ts';
import { runToEnd } from '../../infra/local/processes.ts';

export interface Cores {
  readonly server: number;
  readonly load: number;
  /** All that this process may use. */
  readonly all: readonly number[];
}

/** Parses a list of the kernel's such as "0-3,8". */
export function parseCoreList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** Chooses a core for the server and one for the load that is not the same core's other thread, where there is one. */
export function chooseCores(): Cores {
  const all = allowedCores();
  const [server, second] = all;
  if (server === undefined || second === undefined)
    throw new SetupError('The bench needs two cores: one for the server, one for the load.');
  const siblings = siblingsOf(server);
  const load = all.find((core) => !siblings.includes(core)) ?? second;
  return { server, load, all };
}

function allowedCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return parseCoreList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
  } catch {
    throw new SetupError('The bench reads CPU times from /proc: run it on Linux.');
  }
}

function siblingsOf(core: number): number[] {
  try {
    const path = `/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`;
    return parseCoreList(readFileSync(path, 'utf8'));
  } catch {
    // Some virtual machines do not say.
    return [core];
  }
}

/** Moves a running process, with all its threads, to the cores; what it starts from then on stays there. */
export async function pin(pid: number, cores: readonly number[]): Promise<void> {
  const list = cores.join(',');
  const { code, output } = await runToEnd({
    command: 'taskset',
    args: ['-a', '-c', '-p', list, String(pid)],
  }).catch(() => ({ code: 127, output: 'install util-linux' }));
  if (code !== 0)
    throw new SetupError(`taskset could not pin process ${pid} to core ${list}: ${output.trim()}`);
}

/** The command that runs another one on the cores; its process id is the other's. */
export function pinned(
  cores: readonly number[],
  command: string,
  args: readonly string[],
): { command: string; args: string[] } {
  return { command: 'taskset', args: ['-c', cores.join(','), command, ...args] };
}

/** For the report. */
export function machineName({ all }: Cores): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${all.length} cores`;
}
