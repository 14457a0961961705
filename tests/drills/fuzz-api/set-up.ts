/**
 * @module The installation to fuzz: stores of its own, one series open, one to come with two credential sets.
 *
 * Failure policy: what cannot be had rejects; what was started is undone by the steps given to `undo`.
 */
import { randomBytes } from 'node:crypto';
import { announceSeries, fieldsOf, presetDefinition } from '../../helpers/batch.ts';
import type { Runtime, RunningService } from '../../helpers/service.ts';
import { openInstallation } from '../common/installation.ts';
import { progressOn } from '../../../infra/local/progress.ts';

export interface FuzzSet {
  /** Credentials that have a slip. */
  readonly candidates: readonly Readonly<Record<string, string>>[];
  /** The series, announced or open, that an instance must know before it is asked. */
  readonly seriesCount: number;
  /** Each instance has an empty database of the Redis for itself: what was counted for another one is not there. */
  readonly serve: (runtime: Runtime, env: Readonly<Record<string, string>>) => Promise<RunningService>;
}

const CANDIDATES = 200;
/** As many as a person would give examples of. */
const SHOWN_CANDIDATES = 8;

export async function setUp(run: {
  readonly stop: AbortSignal;
  readonly undo: (step: () => Promise<void> | void) => void;
}): Promise<FuzzSet> {
  const { installation, definition, candidates, redis, serve } = await openInstallation(
    {
      seed: 0,
      values: {},
      stop: run.stop,
      progress: progressOn(process.stderr),
      say: (line) => void process.stderr.write(`${line}\n`),
      undo: (step) =>
        run.undo(async () => {
          await step();
        }),
    },
    CANDIDATES,
  );
  const later = presetDefinition('cet', 'cet-2026-06');
  await announceSeries(installation, later, new Date('2099-08-20T01:00:00Z'));
  let served = 0;
  return {
    candidates: candidates.slice(0, SHOWN_CANDIDATES).map((candidate) => fieldsOf(definition, candidate)),
    seriesCount: 2,
    serve: (runtime, env) => {
      served += 1;
      const own = new URL(redis.url);
      own.pathname = `/${served}`;
      return serve({
        runtime,
        env: { ...wechatEnvironment(), REDIS_URL: own.href, ...env },
      });
    },
  };
}

/** So that the callback is there to be asked; nobody signs, since nobody else knows the token. */
export function wechatEnvironment(): Record<string, string> {
  const letters = (count: number): string => randomBytes(count).toString('hex').slice(0, count);
  return { WECHAT_TOKEN: letters(32), WECHAT_AES_KEY: letters(43), WECHAT_APP_ID: 'wx0000000000000000' };
}
