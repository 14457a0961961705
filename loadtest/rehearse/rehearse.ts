/**
 * @module A rehearsal from options to record: a service (given, or a local set), the profile, the search for C,
 * the model, the plan.
 *
 * Failure policy: what is missing is a UsageError or a SetupError; when stopped, the record holds what was
 * measured until then.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../infra/local/progress.ts';
import { SetupError } from '../../infra/local/setup-error.ts';
import { descendantsOf } from '../bench/cpu-time.ts';
import type { AssessFacts } from '../capacity/assess.ts';
import { assessModel, planFacts } from '../capacity/assess.ts';
import { makePlan } from '../capacity/plan.ts';
import { canSimulate, simulatePlan } from '../capacity/simulate-plan.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';
import type { Forecast } from '../profiles/forecast.ts';
import type { Profile } from '../profiles/profile.ts';
import { makeProfile, plannedRequests, profilePeak, profileSeconds } from '../profiles/profile.ts';
import { curveSeconds } from '../profiles/rate-curve.ts';
import type { Finding } from '../profiles/report.ts';
import { findings, makeReport } from '../profiles/report.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import type { CapacityRecord, RehearsalRecord } from '../report/record.ts';
import type { Crew } from './crew.ts';
import { startCrew } from './crew.ts';
import { gitRevision, machineFacts, programVersions } from './facts.ts';
import { preciseNowMs } from './load.ts';
import type { LocalSet } from './local-set.ts';
import { startLocalSet } from './local-set.ts';
import { againstBaseline, readBaseline } from './baseline.ts';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';
import type { RehearseOptions } from './options.ts';
import { USUAL_CANDIDATES, UsageError, forecastFor, profileFor } from './options.ts';
import { DEMO_CREDENTIALS, askForSeries, readCandidates } from './prepare.ts';
import { MOST_PER_SECOND, searchCapacity } from './search.ts';
import type { Watched } from './watch.ts';

export interface RehearsalContext {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
  readonly undo: (step: () => Promise<void> | void) => void;
}

/** What is loaded. */
interface Stage {
  readonly url: string;
  readonly set: LocalSet | undefined;
  readonly series: SeriesToLoad;
  readonly candidates: number;
  readonly first: Candidate;
  readonly crew: Crew;
  readonly watched: Watched;
  readonly profile: Profile;
  readonly forecast: Forecast;
}

/** For the service to learn of a release that was moved, and for a command on a busy machine. */
const NEWS_SECONDS = 5;
const MOST_MOVES = 3;
/** The rate at which the search for C begins: a tenth of what one core holds. */
const SEARCH_FROM_PER_SECOND = 250;

/** Rehearses. */
export async function rehearse(
  options: RehearseOptions,
  context: RehearsalContext,
): Promise<RehearsalRecord> {
  const { say, stop } = context;
  const startedAt = new Date();
  const machine = machineFacts();
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline);
  const stage = await setStage(options, context);
  const { profile, crew, set } = stage;
  const isSearch = profile.endsAtMiss;
  say(
    `${profile.name}: ${isSearch ? 'the highest rate that holds the objective' : `${Math.round(plannedRequests(profile))} requests in ${Math.round(profileSeconds(profile))} s, at most ${Math.round(profilePeak(profile))}/s`}, ` +
      `to ${stage.url}, ${stage.candidates} candidates of ${stage.series.id}, seed ${options.seed}, ${crew.threads} threads`,
  );
  const released = isSearch ? undefined : await runProfile(stage, options, context);
  const postgresConnections = await set?.postgresConnections();
  const capacity =
    (options.capacity || isSearch) && !stop.aborted ? await search(stage, options, context) : undefined;
  const run = released ?? confirmed(capacity);
  if (run === undefined) throw new UsageError('Nothing was measured.');
  const found = [
    ...(isSearch ? searchFindings(stage, capacity) : findings(profile, run.figures)),
    ...(baseline === undefined ? [] : [againstBaseline(baseline, run.figures)]),
  ];
  const passed = !stop.aborted && found.every(({ held }) => held);

  const facts: AssessFacts | undefined =
    capacity === undefined
      ? undefined
      : {
          capacity,
          serviceProcesses: processesOf(set) ?? 1,
          machineCores: availableParallelism(),
          redisBytesPerCandidate: set?.redisBytesPerCandidate,
          postgresConnections,
        };
  return {
    summary: makeReport(profile, run.figures, passed, {
      report: null,
      capacityPerSecond: capacity?.perSecond ?? null,
    }),
    isStopped: stop.aborted,
    findings: found,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    target: stage.url,
    isLocalSet: set !== undefined,
    series: stage.series.id,
    candidates: stage.candidates,
    forecast: stage.forecast,
    settings: settingsOf(stage, options),
    machine,
    versions: { ...programVersions(), ...set?.versions },
    revision: gitRevision(),
    run,
    phases: profile.phases.map(({ name, curve, mix }) => ({ name, seconds: curveSeconds(curve), mix })),
    releaseSecond: stage.series.releaseAtMs === undefined ? undefined : profile.releaseAfterSeconds,
    capacity,
    model: facts === undefined ? undefined : assessModel(facts),
    ...(facts === undefined || stop.aborted
      ? { plans: [], simulation: undefined }
      : await planFor(facts, stage.forecast, options, context)),
    redisBytesPerCandidate: set?.redisBytesPerCandidate,
    postgresConnections,
    serviceProcesses: processesOf(set),
  };
}

async function setStage(options: RehearseOptions, context: RehearsalContext): Promise<Stage> {
  const { say, undo } = context;
  const wanted = options.candidates ?? USUAL_CANDIDATES;
  const planned = profileFor(options, wanted);
  const waits = planned.releaseAfterSeconds;
  const set =
    options.url === undefined
      ? await startLocalSet({
          ...context,
          candidates: wanted,
          seed: options.seed,
          isReleasedLater: waits !== undefined,
        })
      : undefined;
  const url = set?.url ?? options.url ?? '';
  const credentialsFile = set?.credentialsFile ?? options.credentials ?? DEMO_CREDENTIALS;
  const { count, first } = readCandidates(credentialsFile);
  const series = await askForSeries({
    url,
    series: set?.series ?? options.series,
    first,
    mayBeScheduled: waits !== undefined,
    withinMs: set === undefined ? 0 : 10_000,
  });
  const threads = options.threads ?? Math.max(2, Math.floor(availableParallelism() / 2));
  const crew = await startCrew({ url, series, credentialsFile, threads, say });
  undo(crew.close);
  const profile = profileFor(options, count);
  return {
    url,
    set,
    series,
    candidates: count,
    first,
    crew,
    watched: { servicePid: set?.servicePid, redis: set?.redis },
    profile: series.releaseAtMs === undefined ? withoutWaiting(profile, say) : profile,
    forecast: forecastFor(options, count),
  };
}

/** A series that is open already has no crowd before its release. */
function withoutWaiting(profile: Profile, say: (line: string) => void): Profile {
  if (profile.releaseAfterSeconds === undefined) return profile;
  say('the series is open already: the waiting and the release itself are left out');
  return { ...profile, phases: profile.phases.slice(1), releaseAfterSeconds: undefined };
}

async function runProfile(
  stage: Stage,
  options: RehearseOptions,
  { say, stop }: RehearsalContext,
): Promise<Measured> {
  const { profile, series, crew, watched, set } = stage;
  const waits = profile.releaseAfterSeconds;
  const releaseAtMs =
    set === undefined || waits === undefined ? series.releaseAtMs : await releaseSoon(set, stage, waits);
  const startAtMs =
    releaseAtMs === undefined || waits === undefined ? undefined : releaseAtMs - waits * 1_000;
  if (startAtMs !== undefined) {
    const leftMs = startAtMs - preciseNowMs();
    if (leftMs < 0)
      throw new UsageError(
        `The release is too near for ${waits} s of waiting: publish it later, or use --waiting-seconds.`,
      );
    say(
      `  the release is at ${new Date(releaseAtMs ?? 0).toISOString()}, the crowd comes from ${Math.round(leftMs / 1_000)} s on`,
    );
    // Connections long before would only time out.
    await sleep(Math.max(0, leftMs - 2_000), undefined, { signal: stop }).catch(() => {});
  }
  const measured = await measure({
    crew,
    phases: profile.phases,
    profile,
    seed: options.seed,
    watched,
    startAtMs,
    releaseAtMs,
    releaseSecond: startAtMs === undefined ? undefined : waits,
    stop,
  });
  for (const failure of measured.failures.slice(0, 10)) say(`  failed, ${failure}`);
  if (measured.broken > 0) say(`  ${measured.broken} connections broke or could not be made`);
  for (const reason of measured.limits.reasons) say(`  the load was limited: ${reason}`);
  return measured;
}

/** Moves the release of a local set, which was planned for later, to the end of the waiting. */
async function releaseSoon(set: LocalSet, { url, series, first }: Stage, waits: number): Promise<number> {
  for (let move = 1; move <= MOST_MOVES; move += 1) {
    const atMs = await set.moveRelease(waits + NEWS_SECONDS * move);
    while (Date.now() < atMs - waits * 1_000) {
      const listed = await askForSeries({
        url,
        series: series.id,
        first,
        mayBeScheduled: true,
        withinMs: 0,
      });
      if (listed.releaseAtMs === atMs) return atMs;
      await sleep(100);
    }
  }
  throw new SetupError('The service does not learn of its release in time: this machine is too busy.');
}

async function search(
  { crew, watched, profile }: Stage,
  options: RehearseOptions,
  { say, stop }: RehearsalContext,
): Promise<CapacityRecord> {
  say('the search for the capacity C');
  const most = profile.endsAtMiss ? options.ratePerSecond : undefined;
  return await searchCapacity({
    crew,
    watched,
    fromPerSecond: SEARCH_FROM_PER_SECOND,
    mostPerSecond: most ?? MOST_PER_SECOND,
    stepSeconds: options.stepSeconds,
    seed: options.seed,
    stop,
    say,
  });
}

/** The run that confirmed C, or the last one. */
function confirmed(capacity: CapacityRecord | undefined): Measured | undefined {
  const steps = capacity?.steps ?? [];
  return (steps.findLast(({ held, purpose }) => held && purpose === 'confirm') ?? steps.at(-1))?.measured;
}

/** What a search for C has to hold: C itself, against the forecast's peak. */
function searchFindings({ forecast }: Stage, capacity: CapacityRecord | undefined): Finding[] {
  const steps = capacity?.steps ?? [];
  const wrong = steps.reduce((sum, { measured }) => sum + measured.figures.wrongAnswers, 0);
  const peak = profilePeak(makeProfile('release-day', { forecast }));
  const found = capacity?.perSecond ?? 0;
  return [
    { what: 'wrong answers', bound: '0', measured: String(wrong), held: wrong === 0 },
    {
      what: 'capacity, against the peak of the forecast',
      bound: `≥ ${Math.ceil(peak)}/s`,
      measured: `${found}/s`,
      held: found >= peak,
    },
  ];
}

async function planFor(
  facts: AssessFacts,
  forecast: Forecast,
  options: RehearseOptions,
  { progress }: RehearsalContext,
): Promise<Pick<RehearsalRecord, 'plans' | 'simulation'>> {
  const known = planFacts(facts);
  if (known === undefined) return { plans: [], simulation: undefined };
  const { minutes, reserve, candidates } = options.plan;
  const sizes = [...new Set([forecast.candidates, ...candidates])].toSorted((a, b) => a - b);
  const plans = sizes.map((size) =>
    makePlan(known, {
      candidates: size,
      lookupsPerCandidate: forecast.lookupsPerCandidate,
      minutes,
      reserve,
    }),
  );
  const largest = plans.at(-1);
  const simulated =
    largest === undefined || !canSimulate(known)
      ? undefined
      : await progress(
          `simulating ${largest.demand.candidates.toLocaleString('en')} candidates in ${minutes} min`,
          () => simulatePlan(largest, known, forecast, options.seed),
        );
  return {
    plans,
    simulation:
      largest === undefined || simulated === undefined
        ? undefined
        : { candidates: largest.demand.candidates, ...simulated },
  };
}

/** Those of its processes that have no children: a supervisor answers nothing itself. */
function processesOf(set: LocalSet | undefined): number | undefined {
  if (set === undefined) return undefined;
  try {
    return Math.max(1, descendantsOf(set.servicePid).length);
  } catch {
    return undefined;
  }
}

function settingsOf({ profile, crew }: Stage, options: RehearseOptions): Record<string, string> {
  return {
    profile: profile.name,
    seed: String(options.seed),
    'threads of the generator': String(crew.threads),
    'connections at most': String(profile.maxConnections),
    'request timeout': `${profile.requestTimeoutSeconds} s`,
    'lookups per candidate': String(options.lookupsPerCandidate),
    'share within the first minute': String(options.firstMinuteShare),
    'highest rate': `${Math.round(profilePeak(profile))}/s`,
    'step of the search for C': `${options.stepSeconds} s`,
  };
}
