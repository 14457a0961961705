/**
 * What `npm run rehearse` is asked for.
 */
import { parseArgs } from 'node:util';
import type { Profile } from '../profiles/profile.ts';
import { PROFILES, profileByName } from '../profiles/profile.ts';
import { allowedTarget } from '../profiles/target.ts';

/** Something that the person who called can put right; the message says how. */
export class UsageError extends Error {}

export interface RehearseOptions {
  readonly profile: Profile;
  /** Without a slash at its end. */
  readonly url: string;
  /** Somebody named the address; else it is that of `npm start`. */
  readonly urlGiven: boolean;
  /** Path; undefined is that of `npm start`. */
  readonly credentials: string | undefined;
  /** undefined is the only open one. */
  readonly series: string | undefined;
  readonly seed: number;
  readonly json: boolean;
}

/** Where `npm start` serves unless it is told otherwise. */
const LOCAL_URL = 'http://127.0.0.1:8080';

export const USAGE = `npm run rehearse -- [options]

  --profile <name>       ${PROFILES.map((profile) => profile.name).join(', ')} (smoke)
  --url <url>            the service (${LOCAL_URL}, where npm start serves)
  --credentials <file>   .credentials.csv of fangbang sample (.fangbang/demo.credentials.csv, of npm start)
  --series <id>          the series (the only open one)
  --rate <n>             requests a second, in place of the profile's
  --seconds <n>          how long, in place of the profile's
  --seed <n>             another order of the same kinds of requests (1)
  --json                 one JSON object on standard output, all else on standard error
  --i-own-this-target    allow an address that is not this machine

Exit codes: 0 passed, 1 a threshold was missed, 2 wrong options or nothing to rehearse on, 130 stopped by Ctrl-C.

Example: npm run rehearse -- --profile smoke --url http://127.0.0.1:8080 --credentials sample.credentials.csv
`;

/**
 * Reads the arguments.
 * @returns undefined when help was asked for.
 * @throws UsageError
 */
export function readOptions(args: readonly string[]): RehearseOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  try {
    const profile = profileByName(values.profile ?? 'smoke');
    return {
      profile: {
        ...profile,
        ratePerSecond: wholeNumber(values.rate, '--rate', 1) ?? profile.ratePerSecond,
        seconds: wholeNumber(values.seconds, '--seconds', 1) ?? profile.seconds,
      },
      url: allowedTarget(
        values.url ?? LOCAL_URL,
        values['i-own-this-target'] === true,
        '--i-own-this-target',
      ),
      urlGiven: values.url !== undefined,
      credentials: values.credentials,
      series: values.series,
      seed: wholeNumber(values.seed, '--seed', 0) ?? 1,
      json: values.json === true,
    };
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        profile: text,
        url: text,
        credentials: text,
        series: text,
        rate: text,
        seconds: text,
        seed: text,
        json: flag,
        help: flag,
        'i-own-this-target': flag,
      },
    }).values;
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

function wholeNumber(text: string | undefined, option: string, least: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < least)
    throw new UsageError(`${option} takes a whole number of at least ${least}.`);
  return Number(text);
}
