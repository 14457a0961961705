/**
 * @module What the drill must see, and the figures that it prints.
 */
import type { Check } from '../common/drill.ts';
import type { Tally } from './kills.ts';
import type { FaultTally } from './other-faults.ts';

/** A run that never met one of these would prove little. */
const NEEDED_PHASES = [
  'load: sending rows',
  'load: sealing',
  'correct: sending rows',
  'correct: sealing',
  'warm: writing to Redis',
  'publish: publishing or published',
];

export function checksOf(
  tally: Tally,
  planned: number,
  others: Readonly<Record<'two' | 'room' | 'cut' | 'end', FaultTally>>,
): Check[] {
  const none = (what: string, { runs, faults }: FaultTally): Check => ({
    what,
    seen: `${faults.length} faults in ${runs}`,
    needed: 'none',
    holds: faults.length === 0 && runs > 0,
  });
  const met = phasesMet(tally);
  const needed = planned >= 100 ? NEEDED_PHASES : [];
  const missing = needed.filter((phase) => !met.has(phase));
  return [
    none('after a kill one whole batch is served and nothing half is left', {
      runs: tally.kills,
      faults: tally.faults,
    }),
    {
      what: 'the kills met every phase',
      seen: missing.length === 0 ? `${met.size} phases` : `not ${missing.join(', ')}`,
      needed: needed.length === 0 ? 'none, of so few' : 'each of those that matter',
      holds: missing.length === 0,
    },
    none('two loaders at once give whole batches', others.two),
    none('no room for temporary files stores nothing', others.room),
    none('a file that was cut off is refused, at the latest by its checksum', others.cut),
    none('afterwards load and correct give the checksums of an undisturbed run', others.end),
  ];
}

function phasesMet({ phases }: Tally): Set<string> {
  const met = new Set(phases.keys());
  if ([...met].some((phase) => /^publish: (?:publish|published)/.test(phase)))
    met.add('publish: publishing or published');
  return met;
}

export function figuresOf(tally: Tally, tookMs: object): Record<string, unknown> {
  const { kills, tooLate, doneAllTheSame, answers, phases, signals } = tally;
  return {
    kills,
    tooLate,
    doneAllTheSame,
    answers,
    phases: Object.fromEntries([...phases].sort(([a], [b]) => a.localeCompare(b))),
    signals: Object.fromEntries(signals),
    tookMs,
  };
}
