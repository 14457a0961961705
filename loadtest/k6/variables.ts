/**
 * The variables of a k6 script (`-e NAME=value`; ../README.md describes them), all read in init so that a wrong
 * one stops k6 before anything is sent.
 */
import type { Part } from '../profiles/arrivals.ts';
import { USUAL_FORECAST } from '../profiles/forecast.ts';
import type { Phase, Profile } from '../profiles/profile.ts';
import { makeProfile } from '../profiles/profile.ts';
import { scaledCurve } from '../profiles/rate-curve.ts';
import { allowedTarget } from '../profiles/target.ts';

export interface Variables {
  readonly target: string;
  /** Only the chosen phases, at this instance's share of the rate. */
  readonly profile: Profile;
  readonly seed: number;
  /** This instance of k6 among several. */
  readonly part: Part;
  /** Absolute path. */
  readonly credentials: string;
  readonly series: string | undefined;
  /** Files of the summary. */
  readonly summaryJson: string | undefined;
  readonly summaryHtml: string | undefined;
}

/**
 * Reads them.
 * @param usualProfile that of the script, when PROFILE names no other.
 * @throws Error with the name of the variable that is wrong.
 */
export function readVariables(usualProfile: string): Variables {
  const part = { index: whole('INSTANCE', 0, 0), of: whole('INSTANCES', 1, 1) };
  if (part.index >= part.of)
    throw new Error(`INSTANCE counts from 0: with INSTANCES=${part.of} it is at most ${part.of - 1}.`);
  const profile = makeProfile(text('PROFILE') ?? usualProfile, {
    forecast: {
      candidates: whole('CANDIDATES', 1, 10_000),
      lookupsPerCandidate: decimal('LOOKUPS', USUAL_FORECAST.lookupsPerCandidate),
      firstMinuteShare: decimal('FIRST_MINUTE_SHARE', USUAL_FORECAST.firstMinuteShare),
    },
    ratePerSecond: optionalWhole('RATE'),
    seconds: optionalWhole('SECONDS'),
    waitingSeconds: optionalWhole('WAITING_SECONDS'),
  });
  return {
    target: allowedTarget(
      text('BASE_URL') ?? 'http://127.0.0.1:8080',
      text('I_OWN_THIS_TARGET') === 'yes',
      'I_OWN_THIS_TARGET=yes',
    ),
    profile: { ...profile, phases: chosenPhases(profile).map((phase) => shareOf(phase, part)) },
    seed: whole('SEED', 0, 1),
    part,
    credentials: credentialsPath(),
    series: text('SERIES'),
    summaryJson: text('SUMMARY'),
    summaryHtml: text('SUMMARY_HTML'),
  };
}

/** SCENARIOS=waiting,release: all of them when it is not set. */
function chosenPhases({ name, phases }: Profile): readonly Phase[] {
  const chosen = text('SCENARIOS');
  if (chosen === undefined) return phases;
  const names = chosen.split(',').map((one) => one.trim());
  const known = phases.map((phase) => phase.name);
  for (const one of names) {
    if (!known.includes(one))
      throw new Error(
        `The profile ${name} has no scenario "${one}": SCENARIOS may hold ${known.join(', ')}.`,
      );
  }
  return phases.filter((phase) => names.includes(phase.name));
}

function shareOf(phase: Phase, part: Part): Phase {
  return { ...phase, curve: scaledCurve(phase.curve, 1 / part.of) };
}

function text(name: string): string | undefined {
  const value = __ENV[name];
  return value === undefined || value === '' ? undefined : value;
}

function optionalWhole(name: string): number | undefined {
  return text(name) === undefined ? undefined : whole(name, 1, 0);
}

function whole(name: string, least: number, otherwise: number): number {
  const value = text(name);
  if (value === undefined) return otherwise;
  if (!/^[0-9]{1,9}$/.test(value) || Number(value) < least)
    throw new Error(`${name} must be a whole number of at least ${least}.`);
  return Number(value);
}

function decimal(name: string, otherwise: number): number {
  const value = text(name);
  if (value === undefined) return otherwise;
  if (!/^[0-9]+(?:\.[0-9]+)?$/.test(value)) throw new Error(`${name} must be a number such as 0.2.`);
  return Number(value);
}

function credentialsPath(): string {
  const path = text('CREDENTIALS') ?? '';
  // k6 looks for a relative path beside this script, which nobody expects.
  if (!path.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(path))
    throw new Error(
      'CREDENTIALS must be the absolute path of the .credentials.csv that "fangbang sample" wrote.',
    );
  return path;
}
