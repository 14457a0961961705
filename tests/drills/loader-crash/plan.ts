/**
 * @module Who is killed when and by what: a pure function of the seed.
 */
import { Random } from '../../../loader-cli/sample/random.ts';

export const VERBS = ['load', 'correct', 'warm', 'publish'] as const;
export type Verb = (typeof VERBS)[number];

/** In a hundred kills. Most of what can be half done is done by the first two. */
const SHARES: Readonly<Record<Verb, number>> = { load: 38, correct: 28, warm: 20, publish: 14 };

/** Statements that last a moment and decide everything: a kill at a random moment seldom meets one of them. */
export const AIMS = ['add_filter_chunk', 'seal_batch', 'commit', 'record_check', 'publish'] as const;

const AIMS_OF: Readonly<Record<Verb, readonly (typeof AIMS)[number][]>> = {
  load: ['add_filter_chunk', 'seal_batch', 'commit'],
  correct: ['add_filter_chunk', 'seal_batch', 'commit'],
  warm: ['record_check'],
  publish: ['publish'],
};

export interface Kill {
  readonly verb: Verb;
  readonly signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM';
  readonly runtime: 'bun' | 'node';
  /** The statement that is waited for, and how long it is left alone then; else a share of the verb's whole duration. */
  readonly moment:
    | { readonly statement: (typeof AIMS)[number]; readonly afterMs: number }
    | { readonly share: number };
}

/** So many kills, the verbs in random order. */
export function planKills(seed: number, count: number): Kill[] {
  const random = new Random(`loader-crash ${seed}`);
  const verbs = VERBS.flatMap((verb) =>
    Array.from({ length: Math.round((SHARES[verb] * count) / 100) }, () => verb),
  );
  while (verbs.length < count) verbs.push('load');
  shuffle(verbs, random);
  return verbs.slice(0, count).map((verb) => ({
    verb,
    signal: random.pick(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGINT', 'SIGTERM'] as const),
    runtime: random.pick(['bun', 'bun', 'bun', 'bun', 'node'] as const),
    moment:
      random.next() < 0.35
        ? { statement: random.pick(AIMS_OF[verb]), afterMs: random.below(30) }
        : // A little beyond the end: the machine is not equally fast all the time.
          { share: random.next() * 1.05 },
  }));
}

function shuffle(items: Verb[], random: Random): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    const [a, b] = [items[i], items[j]];
    if (a === undefined || b === undefined) return;
    items[i] = b;
    items[j] = a;
  }
}
