/**
 * What `npm run rehearse` is asked for.
 */
import { parseArgs } from 'node:util';
import type { Forecast } from '../profiles/forecast.ts';
import { USUAL_FORECAST } from '../profiles/forecast.ts';
import type { Profile } from '../profiles/profile.ts';
import { PROFILE_NAMES, makeProfile } from '../profiles/profile.ts';
import { allowedTarget } from '../profiles/target.ts';

/** Something that the person who called can put right; the message says how. */
export class UsageError extends Error {}

export interface RehearseOptions {
  readonly profileName: string;
  /** The service; undefined: a local set of our own. Without a slash at its end. */
  readonly url: string | undefined;
  /** Path; undefined: that of the local set, or with a URL of `npm start`. */
  readonly credentials: string | undefined;
  /** undefined is the only one that can be loaded. */
  readonly series: string | undefined;
  /** Candidates of the forecast; undefined: as many as the credentials file has. */
  readonly candidates: number | undefined;
  readonly lookupsPerCandidate: number;
  readonly firstMinuteShare: number;
  readonly ratePerSecond: number | undefined;
  readonly seconds: number | undefined;
  readonly waitingSeconds: number | undefined;
  readonly seed: number;
  readonly threads: number | undefined;
  /** Look for C. */
  readonly capacity: boolean;
  /** Of the tries at a rate. */
  readonly stepSeconds: number;
  readonly plan: PlanOptions;
  /** Folder of the report; undefined: one of its own under .fangbang/rehearsals/. */
  readonly report: string | undefined;
  /** Path of the report.json of an earlier rehearsal to compare with. */
  readonly baseline: string | undefined;
  readonly json: boolean;
}

export interface PlanOptions {
  /** Sizes to plan for, besides the forecast's own. */
  readonly candidates: readonly number[];
  readonly minutes: number;
  readonly reserve: number;
}

/** Candidates of a local set when nobody says how many. */
export const USUAL_CANDIDATES = 10_000;
/** Zhejiang, and the whole country (2025: 13.35 million). */
const USUAL_PLANS = [380_000, 13_400_000];
/** Profiles whose report holds a plan, which needs C. */
const WITH_CAPACITY = ['release-day', 'breakpoint'];

export const USAGE = `npm run rehearse -- [options]

  --profile <name>            ${PROFILE_NAMES.join(', ')} (smoke)
  --url <url>                 the service; without it a local set is started for the run and stopped after it
  --credentials <file>        .credentials.csv of fangbang sample (with --url; .fangbang/demo.credentials.csv, of npm start)
  --series <id>               the series (the only one that can be loaded)
  --i-own-this-target         allow an address that is not this machine

  --candidates <n>            candidates of the forecast, and of the local set (${USUAL_CANDIDATES}; with --url those of the file)
  --lookups <n>               lookups of each on the day (${USUAL_FORECAST.lookupsPerCandidate})
  --first-minute-share <x>    of all lookups, the share within the first minute (${USUAL_FORECAST.firstMinuteShare})
  --rate <n>                  highest rate in requests a second, in place of the one that follows from the forecast
  --seconds <n>               how long, in place of the profile's (release-day: from the release on)
  --waiting-seconds <n>       release-day: length of the waiting before the release (20)
  --seed <n>                  another order of the same kinds of requests (1)
  --threads <n>               threads that make the load (half of the cores, at least 2)

  --capacity, --no-capacity   look for the capacity C after the profile (${WITH_CAPACITY.join(', ')}: yes; others: no)
  --step-seconds <n>          length of a try at a rate in that search (8)
  --plan <n,n>                plan for so many candidates as well (${USUAL_PLANS.join(',')})
  --minutes <n>               plan: all lookups come within so many minutes (10)
  --reserve <n>               plan: so many times what is expected (4)

  --baseline <report.json>    of an earlier rehearsal: a median that is much slower fails this one
  --report <folder>           where report.html and report.json go (a new folder under .fangbang/rehearsals/)
  --json                      one JSON object on standard output, all else on standard error

Exit codes: 0 passed, 1 a threshold was missed, 2 wrong options or nothing to rehearse on, 130 stopped by Ctrl-C.

Examples:
  npm run rehearse -- --profile smoke
  npm run rehearse -- --profile release-day --candidates 100000
  npm run rehearse -- --profile smoke --url http://127.0.0.1:8080 --credentials sample.credentials.csv
`;

/**
 * Reads the arguments.
 * @returns undefined when help was asked for.
 * @throws UsageError
 */
export function readOptions(args: readonly string[]): RehearseOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const profileName = values.profile ?? 'smoke';
  const options: RehearseOptions = {
    profileName,
    url:
      values.url === undefined
        ? undefined
        : asUsage(() =>
            allowedTarget(values.url ?? '', values['i-own-this-target'] === true, '--i-own-this-target'),
          ),
    credentials: values.credentials,
    series: values.series,
    candidates: wholeNumber(values.candidates, '--candidates', 1),
    lookupsPerCandidate: decimal(values.lookups, '--lookups') ?? USUAL_FORECAST.lookupsPerCandidate,
    firstMinuteShare:
      decimal(values['first-minute-share'], '--first-minute-share') ?? USUAL_FORECAST.firstMinuteShare,
    ratePerSecond: wholeNumber(values.rate, '--rate', 1),
    seconds: wholeNumber(values.seconds, '--seconds', 1),
    waitingSeconds: wholeNumber(values['waiting-seconds'], '--waiting-seconds', 1),
    seed: wholeNumber(values.seed, '--seed', 0) ?? 1,
    threads: wholeNumber(values.threads, '--threads', 1),
    capacity: values.capacity ?? WITH_CAPACITY.includes(profileName),
    stepSeconds: wholeNumber(values['step-seconds'], '--step-seconds', 1) ?? 8,
    plan: {
      candidates: values.plan?.split(',').map((one) => wholeNumber(one, '--plan', 1) ?? 1) ?? USUAL_PLANS,
      minutes: decimal(values.minutes, '--minutes') ?? 10,
      reserve: decimal(values.reserve, '--reserve') ?? 4,
    },
    report: values.report,
    baseline: values.baseline,
    json: values.json === true,
  };
  if (options.url === undefined && (options.credentials !== undefined || options.series !== undefined))
    throw new UsageError('--credentials and --series belong to a service: name it with --url.');
  // What is wrong is said before anything is started.
  profileFor(options, options.candidates ?? USUAL_CANDIDATES);
  return options;
}

/** The forecast for so many candidates. */
export function forecastFor(options: RehearseOptions, candidates: number): Forecast {
  const { lookupsPerCandidate, firstMinuteShare } = options;
  return { candidates: options.candidates ?? candidates, lookupsPerCandidate, firstMinuteShare };
}

/**
 * The profile, for a credentials file with so many candidates.
 * @throws UsageError
 */
export function profileFor(options: RehearseOptions, candidates: number): Profile {
  const { profileName, ratePerSecond, seconds, waitingSeconds } = options;
  return asUsage(() =>
    makeProfile(profileName, {
      forecast: forecastFor(options, candidates),
      ratePerSecond,
      seconds,
      waitingSeconds,
    }),
  );
}

/** A fault as one that the person who called can put right. */
export function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  return asUsage(
    () =>
      parseArgs({
        args: [...args],
        allowNegative: true,
        options: {
          profile: text,
          url: text,
          credentials: text,
          series: text,
          candidates: text,
          lookups: text,
          'first-minute-share': text,
          rate: text,
          seconds: text,
          'waiting-seconds': text,
          seed: text,
          threads: text,
          'step-seconds': text,
          plan: text,
          minutes: text,
          reserve: text,
          report: text,
          baseline: text,
          capacity: flag,
          json: flag,
          help: flag,
          'i-own-this-target': flag,
        },
      }).values,
  );
}

function wholeNumber(text: string | undefined, option: string, least: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < least)
    throw new UsageError(`${option} takes a whole number of at least ${least}.`);
  return Number(text);
}

function decimal(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,6}(?:\.[0-9]{1,6})?$/.test(text) || Number(text) <= 0)
    throw new UsageError(`${option} takes a number above 0, such as 0.2.`);
  return Number(text);
}
