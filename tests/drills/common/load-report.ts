/**
 * What a checked load says in a drill's report: pure.
 */
import { summarize, type LoadAnswer, type LoadSummary } from '../../helpers/checked-load.ts';
import type { Check } from './drill.ts';

export interface Visitors {
  /** With right credentials. */
  readonly candidates: LoadSummary;
  readonly strangers: LoadSummary;
  readonly all: LoadSummary;
}

export function summarizeVisitors(answers: readonly LoadAnswer[]): Visitors {
  return {
    candidates: summarize(answers.filter(({ isStranger }) => !isStranger)),
    strangers: summarize(answers.filter(({ isStranger }) => isStranger)),
    all: summarize(answers),
  };
}

/** What no fault excuses. */
export function nothingWrong({ byJudgement, count, faults }: LoadSummary): Check {
  const { wrong, broken } = byJudgement;
  const first = faults.slice(0, 3).map((one) => `; ${one}`);
  return {
    what: 'wrong answers, and lookups without one',
    seen: `${wrong} and ${broken} of ${count}${first.join('')}`,
    needed: '0 and 0',
    holds: wrong + broken === 0,
  };
}

/** A 503 or 429 that says when to come again is not wrong; how many there were has to be known. */
export function toldLater({ candidates, strangers }: Visitors): string {
  const later = ({ byJudgement, count }: LoadSummary): string => `${byJudgement.later} of ${count}`;
  return `told to come later, and when, were ${later(candidates)} candidates and ${later(strangers)} strangers`;
}
