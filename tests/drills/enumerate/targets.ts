/**
 * @module The two ways to guess at one person: many documents against a candidate number, many numbers against a
 * document. With a device that had the slip before, which must not notice, and a new one, which must get in when
 * its wait is over.
 */
import type { TestCandidate } from '../../helpers/batch.ts';
import { expectedMarks, fieldsOf } from '../../helpers/batch.ts';
import { isDeepStrictEqual } from 'node:util';
import type { RawAnswer } from '../common/kept-connection.ts';
import type { Check, Drill } from '../common/drill.ts';
import { address, strangersIdentity, strangersNumber } from '../common/guesses.ts';
import type { DrillInstallation } from '../common/installation.ts';
import type { DrillClock } from './clock.ts';
import type { Ask, Crowd } from './crowd.ts';
import { listed, nameOf } from './crowd.ts';

export interface Siege {
  readonly drill: Drill;
  readonly made: DrillInstallation;
  readonly crowd: Crowd;
  /** For the visits of the two devices, beside the attackers. */
  readonly visitors: Crowd;
  readonly clock: DrillClock;
  readonly target: TestCandidate;
  /** What is guessed; the other credential is the target's. */
  readonly guessed: 'identityNumber' | 'candidateNumber';
  readonly guesses: number;
  /** Verdicts that instances have given by themselves so far, since Redis took too long. */
  readonly givenLocally: () => Promise<number>;
  readonly instances: number;
  /** Whether the device sends its cookie; false is sabotage. */
  readonly keepsCookie: boolean;
}

const MOST_VERDICTS = 5;
const LONGEST_WAIT_SECONDS = 900;
const ADDRESSES = 10_000;
/** The device's visits while the guesses go on, and as many afterwards. */
const VISITS = 100;
const MARGIN_SECONDS = 5;

export async function besiege(siege: Siege): Promise<Check[]> {
  const { drill, made, crowd, visitors, target, guessed, guesses } = siege;
  const right = fieldsOf(made.definition, target);
  const name = `one ${guessed === 'identityNumber' ? 'candidate number' : 'document'}, ${guesses.toLocaleString('en')} guesses`;
  const first = await visitors.ask({ fields: right, from: address(900_001) });
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const device: Ask = {
    fields: right,
    from: address(900_002),
    ...(siege.keepsCookie ? { cookie } : {}),
  };
  const isRight = (answer: RawAnswer): boolean =>
    answer.status === 200 && hasAll(answer.body, expectedMarks(made.definition, target));

  const locallyBefore = await siege.givenLocally();
  let welcome = 0;
  const visit = async (i: number): Promise<void> => {
    if (isRight(await visitors.ask(device, i, false))) welcome += 1;
  };
  const during = async (): Promise<void> => {
    for (let i = 0; i < VISITS; i += 1) await visit(i);
  };
  const verdictsAtMs: number[] = [];
  const [answers] = await Promise.all([
    crowd.askAll(wrongOnes(siege), { stop: drill.stop, verdictsAtMs }),
    during(),
  ]);
  for (let i = 0; i < VISITS; i += 1) await visit(i);

  const verdicts = count(answers, 'candidate-not-found');
  const locally = (await siege.givenLocally()) - locallyBefore;
  const refused = await visitors.ask({ fields: right, from: address(900_003) });
  const waitSeconds = Number(refused.headers.get('retry-after') ?? Number.NaN);
  const checks: Check[] = [
    {
      what: `${name}: verdicts in 15 minutes`,
      seen: `${verdicts}${locally === 0 ? '' : `, of which ${locally} by an instance alone, Redis being slow`} (${listed(answers)}${whenOf(verdictsAtMs)})`,
      needed: `at most ${MOST_VERDICTS}, and one more for each instance that does not reach Redis; a limit for all others`,
      holds:
        verdicts - locally <= MOST_VERDICTS &&
        locally <= siege.instances &&
        verdicts + count(answers, 'too-many-attempts') + count(answers, 'proof-of-work-required') === guesses,
    },
    {
      what: `${name}: a device that had the slip before gets it, during and after`,
      seen: `${welcome} of ${2 * VISITS} visits`,
      needed: 'all',
      holds: welcome === 2 * VISITS,
    },
    {
      what: `${name}: right credentials from a new device are refused and told how long`,
      seen: `${nameOf(refused)}, ${waitSeconds} s`,
      needed: `too-many-attempts, 1 to ${LONGEST_WAIT_SECONDS} s`,
      holds:
        nameOf(refused) === 'too-many-attempts' && waitSeconds >= 1 && waitSeconds <= LONGEST_WAIT_SECONDS,
    },
  ];
  return [...checks, await waitItOut(siege, { name, right, waitSeconds, isRight })];
}

/** Shortly before the wait is over nothing has changed; shortly after it a new device gets in. */
async function waitItOut(
  { drill, visitors, clock }: Siege,
  {
    name,
    right,
    waitSeconds,
    isRight,
  }: {
    name: string;
    right: Readonly<Record<string, string>>;
    waitSeconds: number;
    isRight: (answer: RawAnswer) => boolean;
  },
): Promise<Check> {
  const what = `${name}: a new device gets in after its wait, on the database's clock and not before`;
  const needed = 'too-many-attempts, then the right slip';
  if (!Number.isFinite(waitSeconds)) return { what, seen: 'no wait at all', needed, holds: false };
  const startedMs = performance.now();
  const spentSeconds = (): number => (performance.now() - startedMs) / 1_000;
  await drill.progress('the wait but for its last seconds', () =>
    clock.pass((waitSeconds - 3 * MARGIN_SECONDS) * 1_000),
  );
  const early = await visitors.ask({ fields: right, from: address(900_004) }, 1);
  await drill.progress('its last seconds', () =>
    clock.pass(Math.max(0, 4 * MARGIN_SECONDS - spentSeconds()) * 1_000),
  );
  const late = await visitors.ask({ fields: right, from: address(900_005) }, 2);
  return {
    what,
    seen: `${nameOf(early)} within the last ${3 * MARGIN_SECONDS} s of it, ${isRight(late) ? 'the right slip' : nameOf(late)} after it`,
    needed,
    holds: nameOf(early) === 'too-many-attempts' && isRight(late),
  };
}

function* wrongOnes({ drill, made, target, guessed, guesses }: Siege): Generator<Ask> {
  const right = fieldsOf(made.definition, target);
  for (let i = 0; i < guesses; i += 1) {
    const n = drill.seed * 3 + i;
    const guess = guessed === 'identityNumber' ? strangersIdentity(n) : strangersNumber(n);
    yield { fields: { ...right, [guessed]: guess }, from: address(i % ADDRESSES) };
  }
}

/** In seconds from the first guess, for who has to find out how a sixth one came about. */
function whenOf(verdictsAtMs: readonly number[]): string {
  return verdictsAtMs.length === 0
    ? ''
    : `; verdicts after ${verdictsAtMs.map((ms) => (ms / 1_000).toFixed(1)).join(', ')} s`;
}

function count(answers: ReadonlyMap<string, number>, name: string): number {
  return answers.get(name) ?? 0;
}

function hasAll(body: string, expected: Readonly<Record<string, unknown>>): boolean {
  const answer = new Map(Object.entries(JSON.parse(body) as Record<string, unknown>));
  return Object.entries(expected).every(([name, value]) => isDeepStrictEqual(answer.get(name), value));
}
