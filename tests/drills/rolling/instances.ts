/**
 * @module What the log of service/serve.ts tells of its instances.
 */
import type { RunningService } from '../../helpers/service.ts';
import { until } from '../../helpers/until.ts';

/** Process ids of the instances, in the order in which they came into service. */
export function instancesOf(log: readonly Record<string, unknown>[]): number[] {
  return log.filter(({ msg }) => msg === 'an instance listens').map((line) => Number(line['process']));
}

/** Resolves when so many exchanges are over. */
export async function untilRolled(service: RunningService, times: number): Promise<void> {
  await until(
    `${times} exchanges are over`,
    () => service.log().filter(({ msg }) => msg === 'all instances are new').length >= times,
  );
}

/** Resolves when the supervisor has seen the end of an instance. */
export async function untilEnded(service: RunningService, pid: number): Promise<void> {
  await until(`the end of instance ${pid} is seen`, () =>
    service.log().some((line) => line['msg'] === 'an instance has ended' && line['process'] === pid),
  );
}
