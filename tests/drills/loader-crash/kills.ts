/**
 * @module The kills one after the other, and what is left and served after each.
 */
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import type { Digest } from '../../../service/results/digest.ts';
import { slipKey } from '../../../service/results/redis-keys.ts';
import { Random } from '../../../loader-cli/sample/random.ts';
import type { CliResult } from '../../helpers/cli.ts';
import { withClient } from '../../helpers/stores.ts';
import type { Drill } from '../common/drill.ts';
import { contentOf, whatIsLeft, type Left } from './left.ts';
import type { Kill, Verb } from './plan.ts';
import { sabotagedEnv, type Sabotage } from './sabotage.ts';
import { ask, chooseProbes } from './served.ts';
import { done, referenceOf, SERIES, type Reference, type Stage } from './stage.ts';
import { endedAsKilled, killAt } from './victim.ts';

/** What an undisturbed verb gives, and how long it takes here. */
export interface Undisturbed {
  readonly whole: Whole;
  /** Corrections, by the batch that they correct. */
  readonly corrections: ReadonlyMap<number, Whole>;
  /** Never opened: what is warmed. */
  readonly spare: Reference;
  readonly tookMs: Readonly<Record<Kill['runtime'], Record<Verb, number>>>;
}

interface Whole {
  readonly checksum: string;
  readonly content: string;
}

export interface Tally {
  kills: number;
  tooLate: number;
  answers: number;
  /** A killed verb that had done all of it. */
  doneAllTheSame: number;
  /** "load: sealing" → kills. */
  readonly phases: Map<string, number>;
  readonly signals: Map<string, number>;
  readonly faults: string[];
}

interface Given {
  readonly stage: Stage;
  /** A superuser's connection. */
  readonly monitor: Client;
  readonly undisturbed: Undisturbed;
  readonly sabotage: Sabotage | undefined;
}

export class Killing {
  readonly tally: Tally = {
    kills: 0,
    tooLate: 0,
    answers: 0,
    doneAllTheSame: 0,
    phases: new Map(),
    signals: new Map(),
    faults: [],
  };
  readonly #stage: Stage;
  readonly #monitor: Client;
  readonly #undisturbed: Undisturbed;
  readonly #sabotage: Sabotage | undefined;
  readonly #random: Random;
  #before: Left;

  private constructor({ seed }: Drill, given: Given, before: Left) {
    this.#random = new Random(`probes ${seed}`);
    this.#stage = given.stage;
    this.#monitor = given.monitor;
    this.#undisturbed = given.undisturbed;
    this.#sabotage = given.sabotage;
    this.#before = before;
  }

  static async begin(drill: Drill, given: Given): Promise<Killing> {
    return new Killing(drill, given, await whatIsLeft(given.monitor));
  }

  /** One kill, with all that is checked after it. */
  async kill(kill: Kill, index: number): Promise<void> {
    const target = this.#targetOf(kill.verb, index);
    if (target.isSpare && (await this.#isWarmed()))
      await done(this.#stage.asLoader(['cool', String(this.#undisturbed.spare.number), '--json']));
    if (target.opens !== undefined) await this.#verifyAgain(target.opens);
    const { result, phase } = await killAt(
      kill,
      (options) =>
        this.#stage.asLoader([...target.args, '--json'], {
          ...options,
          env: sabotagedEnv(this.#sabotage, kill.runtime),
        }),
      { monitor: this.#monitor, wholeMs: this.#undisturbed.tookMs[kill.runtime][kill.verb] },
    );
    const name = `kill ${index + 1} (${kill.verb}, ${kill.signal}, ${kill.runtime}, ${phase})`;
    const fault = (what: string): void => void this.tally.faults.push(`${name}: ${what}`);
    this.tally.kills += 1;
    if (phase === 'ended') this.tally.tooLate += 1;
    count(this.tally.phases, `${kill.verb}: ${phase}`);
    count(this.tally.signals, kill.signal);
    if (!endedAsKilled(kill, result)) fault(`exit code ${result.exitCode}: ${lastWords(result)}`);

    const left = await whatIsLeft(this.#monitor);
    for (const one of left.faults) fault(`left: ${one}`);
    for (const one of await this.#judgeBatches(kill.verb, left, result)) fault(one);
    for (const one of this.#judgeOpen(target.opens, left, result)) fault(one);
    if (target.isSpare) for (const one of await this.#judgeSpare(result)) fault(one);
    await this.#judgeAnswers(left, fault);
    this.#before = left;
  }

  /** Waits for quiet, then looks at what is served; after all kills. */
  async judgeNow(name: string): Promise<void> {
    const left = await whatIsLeft(this.#monitor);
    const fault = (what: string): void => void this.tally.faults.push(`${name}: ${what}`);
    for (const one of left.faults) fault(`left: ${one}`);
    await this.#judgeAnswers(left, fault);
    this.#before = left;
  }

  #targetOf(verb: Verb, index: number): { args: string[]; opens?: number; isSpare?: boolean } {
    const { whole, corrected, file, correction } = this.#stage;
    const open = this.#before.open ?? whole.number;
    if (verb === 'load') return { args: ['load', file, '--series', SERIES] };
    if (verb === 'correct') return { args: ['correct', correction, '--series', SERIES] };
    if (verb === 'publish') {
      const opens = open === whole.number ? corrected.number : whole.number;
      return { args: ['publish', String(opens), '--at', 'now'], opens };
    }
    // In turns what is served meanwhile, and a batch that is in Redis in part at most.
    return index % 2 === 0
      ? { args: ['warm', String(open), '--from-start'] }
      : { args: ['warm', String(this.#undisturbed.spare.number)], isSpare: true };
  }

  async #judgeBatches(verb: Verb, left: Left, { exitCode }: CliResult): Promise<string[]> {
    const made = left.batches.filter((batch) => !this.#before.batches.includes(batch));
    const most = verb === 'load' || verb === 'correct' ? 1 : 0;
    if (made.length > most) return [`${made.length} batches came of it`];
    if (most === 1 && exitCode === 0 && made.length === 0)
      return ['it says that it is done, and no batch is there'];
    if (made.length === 1 && exitCode !== 0) this.tally.doneAllTheSame += 1;
    const { whole, corrections } = this.#undisturbed;
    const expected = verb === 'correct' ? corrections.get(this.#before.open ?? 0) : whole;
    const faults: string[] = [];
    for (const batch of made) {
      const { rows } = await this.#monitor.query<{ checksum: string | null }>(
        `select 'sha256:' || encode(checksum, 'hex') as checksum from fangbang.batch where number = $1`,
        [batch],
      );
      if (rows[0]?.checksum !== expected?.checksum) faults.push(`batch ${batch} has another checksum`);
      if ((await contentOf(this.#monitor, batch)) !== expected?.content)
        faults.push(`batch ${batch} holds other slips than an undisturbed one`);
    }
    return faults;
  }

  #judgeOpen(opens: number | undefined, { open }: Left, { exitCode }: CliResult): string[] {
    if (opens === undefined || open === this.#before.open)
      return open !== this.#before.open || (opens !== undefined && exitCode === 0)
        ? [`batch ${open} is in force, and it says that it is done`]
        : [];
    if (open === opens && exitCode !== 0) this.tally.doneAllTheSame += 1;
    return open === opens ? [] : [`batch ${open} is in force, which nobody published`];
  }

  /** What was warmed again while it was open must be verified before it can be opened the next time. */
  async #verifyAgain(batch: number): Promise<void> {
    const { rows } = await this.#monitor.query<{ kind: string }>(
      `select kind from fangbang.batch_check where batch = $1 order by id desc limit 1`,
      [batch],
    );
    if (rows[0]?.kind !== 'verified') await done(this.#stage.asLoader(['verify', String(batch), '--json']));
  }

  async #isWarmed(): Promise<boolean> {
    const { rows } = await this.#monitor.query<{ warmed: boolean }>(
      'select fangbang.last_warmed($1) is not null as warmed',
      [this.#undisturbed.spare.number],
    );
    return rows[0]?.warmed === true;
  }

  /** What is recorded as warm is in Redis as a whole, and what is not verified since cannot be opened. */
  async #judgeSpare({ exitCode }: CliResult): Promise<string[]> {
    const { number } = this.#undisturbed.spare;
    const faults: string[] = [];
    const isWarmed = await this.#isWarmed();
    if (exitCode === 0 && !isWarmed) faults.push('it says that it is done, and nothing is recorded');
    if (isWarmed) {
      const { rows } = await this.#monitor.query<{ digest: Digest }>(
        'select digest from fangbang.slip where batch = $1',
        [number],
      );
      const redis = new Redis(this.#stage.installation.redisUrl ?? '');
      const found = await redis.exists(rows.map(({ digest }) => slipKey(number, digest)));
      redis.disconnect();
      if (found !== rows.length)
        faults.push(`recorded as warm with ${found} of ${rows.length} entries in Redis`);
    }
    const refusal = await withClient(this.#stage.installation.loaderUrl, (client) =>
      client.query('select fangbang.publish($1, null)', [number]).then(
        () => undefined,
        (error: { constraint?: string }) => error.constraint,
      ),
    );
    if (!['not-warmed', 'not-verified', 'corrects-another-batch'].includes(refusal ?? ''))
      faults.push(`publishing what is warm in part or not verified: ${refusal ?? 'went through'}`);
    return faults;
  }

  async #judgeAnswers(left: Left, fault: (what: string) => void): Promise<void> {
    const served = await ask(this.#stage, chooseProbes(this.#stage, this.#random), left.open ?? 0);
    this.tally.answers += served.answers;
    for (const one of served.wrong) fault(one);
    if (served.batch !== left.open)
      fault(`batch ${left.open} is in force, ${served.batch ?? 'several'} is served`);
  }
}

/** Runs every verb once on each runtime and nobody kills it. */
export async function undisturbed(stage: Stage, monitor: Client): Promise<Undisturbed> {
  const { whole, corrected } = stage;
  const took = { load: 0, correct: 0, warm: 0, publish: 0 };
  const tookMs = { bun: { ...took }, node: { ...took } };
  const corrections = new Map<number, Whole>();
  let spare = whole;
  const timed = async (
    runtime: Kill['runtime'],
    verb: Verb,
    args: readonly string[],
  ): Promise<Record<string, unknown>> => {
    const startedAtMs = performance.now();
    const json = await done(stage.asLoader([...args, '--json'], { runtime }));
    tookMs[runtime][verb] = performance.now() - startedAtMs;
    return json;
  };
  for (const [runtime, other] of [
    ['bun', corrected],
    ['node', whole],
  ] as const) {
    await timed(runtime, 'load', ['load', stage.file, '--series', SERIES]);
    const base = runtime === 'bun' ? whole : corrected;
    const made = referenceOf(
      await timed(runtime, 'correct', ['correct', stage.correction, '--series', SERIES]),
    );
    corrections.set(base.number, { checksum: made.checksum, content: await contentOf(monitor, made.number) });
    if (runtime === 'bun') spare = made;
    await timed(runtime, 'warm', ['warm', String(base.number), '--from-start']);
    await done(stage.asLoader(['verify', String(base.number), '--json']));
    await timed(runtime, 'publish', ['publish', String(other.number), '--at', 'now']);
  }
  await stage.makeReady(spare, stage.correction);
  await done(stage.asLoader(['cool', String(spare.number), '--json']));
  return {
    whole: { checksum: whole.checksum, content: await contentOf(monitor, whole.number) },
    corrections,
    spare,
    tookMs,
  };
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function lastWords({ stderr }: CliResult): string {
  return stderr.trim().split('\n').at(-1) ?? '';
}
