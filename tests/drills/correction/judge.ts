/**
 * Answers held against what was in force: pure.
 */
import type { Check, Outcome } from '../common/drill.ts';
import type { Done } from './acts.ts';
import type { Asked } from './asking.ts';
import type { Version } from './people.ts';

export const INSTANCES = ['connected', 'cutOff'] as const;
export type Instance = (typeof INSTANCES)[number];

const IN_WORDS: Readonly<Record<Instance, string>> = {
  connected: 'the connected instance',
  cutOff: 'the one cut off',
};
/** Without Redis the connected one has Postgres alone, and may turn some away. */
const LEAST_ANSWERED = 0.9;
const MOST_NAMED = 3;

/** A version, from when its act began until it was surely over. */
interface Life {
  readonly version: Version;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** With the time that an instance may take to follow. */
function livesOf(acts: readonly Done[], instance: Instance): Life[] {
  const versions = ['first' as const, ...acts.map(({ to }) => to)];
  return versions.map((version, i) => {
    const [begun, over] = [acts[i - 1], acts[i]];
    return {
      version,
      fromMs: begun?.startedMs ?? Number.NEGATIVE_INFINITY,
      untilMs: over === undefined ? Number.POSITIVE_INFINITY : over.acknowledgedMs + over.graceMs[instance],
    };
  });
}

/** stale: of what was in force before, and is no more. early: of what is not in force yet. */
type Timing = 'current' | 'stale' | 'early';

function timingOf(lives: readonly Life[], versions: readonly Version[], { sentMs, doneMs }: Asked): Timing {
  const its = lives.filter(({ version }) => versions.includes(version));
  if (its.some(({ fromMs, untilMs }) => fromMs <= doneMs && sentMs <= untilMs)) return 'current';
  return its.some(({ untilMs }) => untilMs < sentMs) ? 'stale' : 'early';
}

interface Seen {
  readonly act: string;
  readonly instance: Instance;
  readonly graceMs: number;
  /** Answers from the moment the ways were cut until all is mended; how many said "later". */
  readonly answers: number;
  readonly later: number;
  /** Given while cut off, before the act: without them there is nothing that could become stale. */
  readonly before: number;
  readonly stale: number;
  /** Of those sent when the time allowed was over: how many were of what is in force. */
  readonly after: number;
  readonly current: number;
  /** From the acknowledgement to the last answer of before; less than 0: before it; null: none since the act began. */
  readonly lastOldMs: number | null;
}

export function judgeCorrection(
  acts: readonly Done[],
  asked: Readonly<Record<Instance, readonly Asked[]>>,
  facts: Readonly<Record<string, unknown>>,
): Outcome {
  const seen = acts.flatMap((act) =>
    INSTANCES.map((instance) => look(act, instance, asked[instance], livesOf(acts, instance))),
  );
  const all = INSTANCES.flatMap((instance) => {
    const lives = livesOf(acts, instance);
    return asked[instance].map((one) => ({
      ...one,
      timing: one.reading.kind === 'of' ? timingOf(lives, one.reading.versions, one) : undefined,
    }));
  });
  const faults = all.flatMap(({ reading }) => ('why' in reading ? [`${reading.kind}: ${reading.why}`] : []));
  const count = (kind: string): number => all.filter(({ reading }) => reading.kind === kind).length;
  const early = all.filter(({ timing }) => timing === 'early').length;
  const stale = all.filter(({ timing }) => timing === 'stale').length;
  return {
    checks: [
      ...seen.flatMap(checksOf),
      {
        what: 'answers that mix versions, that are early or stale at any time, lookups without an answer',
        seen: `${count('mixed')}, ${early}, ${stale}, ${count('broken')} of ${all.length}${faults
          .slice(0, MOST_NAMED)
          .map((one) => `; ${one}`)
          .join('')}`,
        needed: '0 each',
        holds: faults.length + early + stale === 0,
      },
    ],
    figures: {
      ...facts,
      answers: all.length,
      mixed: count('mixed'),
      early,
      stale,
      broken: count('broken'),
      acts,
      seen,
    },
    notes: acts.map(
      ({ name, startedMs, acknowledgedMs, redisEpoch, followedMs }) =>
        `${name}: acknowledged after ${Math.round(acknowledgedMs - startedMs)} ms, ${redisEpoch ? 'known to Redis' : 'Redis could not be told'}; who was cut off followed ${followedMs} ms after the mending`,
    ),
  };
}

function look(act: Done, instance: Instance, asked: readonly Asked[], lives: readonly Life[]): Seen {
  const graceMs = act.graceMs[instance];
  const during = asked.filter(({ sentMs }) => sentMs >= act.cutMs && sentMs <= act.endedMs);
  const after = during.filter(({ sentMs }) => sentMs > act.acknowledgedMs + graceMs);
  const isOf = ({ reading }: Asked, version: Version): boolean =>
    reading.kind === 'of' && reading.versions.includes(version);
  const old = during.filter(
    (one) => one.sentMs >= act.startedMs && one.reading.kind === 'of' && !isOf(one, act.to),
  );
  return {
    act: act.name,
    instance,
    graceMs,
    answers: during.length,
    later: during.filter(({ reading }) => reading.kind === 'later').length,
    before: during.filter(({ doneMs, reading }) => doneMs < act.startedMs && reading.kind === 'of').length,
    stale: after.filter(
      (one) => one.reading.kind === 'of' && timingOf(lives, one.reading.versions, one) === 'stale',
    ).length,
    after: after.length,
    current: after.filter((one) => isOf(one, act.to)).length,
    lastOldMs:
      old.length === 0 ? null : Math.round(Math.max(...old.map(({ doneMs }) => doneMs)) - act.acknowledgedMs),
  };
}

function checksOf({ act, instance, graceMs, before, stale, after, current, lastOldMs }: Seen): Check[] {
  const last =
    lastOldMs === null
      ? 'none since the act began'
      : `the last of before ${Math.abs(lastOldMs)} ms ${lastOldMs < 0 ? 'before' : 'after'} the acknowledgement`;
  const who = `${act}, ${IN_WORDS[instance]}`;
  const isStale: Check = {
    what: `${who}: stale answers ${graceMs / 1_000} s after the acknowledgement`,
    seen: `${stale} of ${after} (${last}; ${before} answers before the act)`,
    needed: '0',
    holds: stale === 0 && after > 0 && before > 0,
  };
  if (instance === 'cutOff') return [isStale];
  return [
    isStale,
    {
      what: `${who}: answers from what is in force`,
      seen: `${current} of ${after}`,
      needed: `≥ ${100 * LEAST_ANSWERED}%`,
      holds: current >= LEAST_ANSWERED * after,
    },
  ];
}
