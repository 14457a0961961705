/**
 * Instances whose machines' clocks are wrong, each in its way, and what they show of those clocks.
 */
import type { RunningService, Runtime } from '../../helpers/service.ts';
import type { DrillInstallation } from '../common/installation.ts';
import { preload } from '../common/installation.ts';
import { NO_LIMITS } from '../../helpers/proof-of-work.ts';
import type { TimedAnswer } from './asker.ts';
import type { PostgresTime } from './postgres-time.ts';

/** Milliseconds of error, or one that changes while it runs (wrong-clock.mjs). */
const CLOCKS = ['60000', '-60000', '0', 'jumps'] as const;
type Clock = (typeof CLOCKS)[number];

export const SABOTAGES = ['clock', 'list'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

const MODULES: Record<Sabotage | 'none', string> = {
  none: './wrong-clock.mjs',
  clock: './trusts-its-clock.mjs',
  list: './lists-by-its-clock.mjs',
};

const CLOCK_NAMES: Record<Clock, string> = {
  '60000': '+60 s',
  '-60000': '-60 s',
  '0': 'right',
  jumps: 'jumping',
};
/** Of the errors that are wanted; the header Date is in whole seconds and written once a second. */
const NEAR_MS = 3_000;
const FURTHEST: Record<Clock, readonly [least: number, most: number]> = {
  '60000': [60_000, 60_000],
  '-60000': [-60_000, -60_000],
  '0': [0, 0],
  jumps: [-60_000, 60_000],
};

export class Instance {
  readonly name: string;
  readonly service: RunningService;
  readonly #clock: Clock;
  #leastErrorMs = Number.POSITIVE_INFINITY;
  #mostErrorMs = Number.NEGATIVE_INFINITY;

  constructor(runtime: Runtime, clock: Clock, service: RunningService) {
    this.name = `${runtime} ${CLOCK_NAMES[clock]}`;
    this.service = service;
    this.#clock = clock;
  }

  /** Takes note of the header Date, which is by the machine's clock. */
  note({ headers, receivedMs }: TimedAnswer, time: PostgresTime): void {
    const errorMs = Date.parse(headers['date'] ?? '') - time.leastAt(receivedMs);
    this.#leastErrorMs = Math.min(this.#leastErrorMs, errorMs);
    this.#mostErrorMs = Math.max(this.#mostErrorMs, errorMs);
  }

  /** Milliseconds of error, least and most, as its answers showed them. */
  get errorsMs(): readonly [number, number] {
    return [Math.round(this.#leastErrorMs), Math.round(this.#mostErrorMs)];
  }

  /** Whether its clock was as wrong as it had to be: else nothing was tried. */
  get isAsWrongAsWanted(): boolean {
    const [least, most] = FURTHEST[this.#clock];
    return Math.abs(this.#leastErrorMs - least) <= NEAR_MS && Math.abs(this.#mostErrorMs - most) <= NEAR_MS;
  }
}

/** One on each runtime for each wrong clock. */
export async function startInstances(
  { serve }: DrillInstallation,
  runtimes: readonly Runtime[],
  sabotage: Sabotage | undefined,
): Promise<Instance[]> {
  const module = new URL(MODULES[sabotage ?? 'none'], import.meta.url);
  const start = async (runtime: Runtime, clock: Clock): Promise<Instance> => {
    const env = {
      ...preload(runtime, module),
      DRILL_CLOCK: clock,
      // What limits guesses has a drill of its own, and so has turning away when there is no time.
      ...NO_LIMITS,
      MAX_LOOP_DELAY_MS: '10000',
    };
    return new Instance(runtime, clock, await serve({ runtime, env }));
  };
  return await Promise.all(runtimes.flatMap((runtime) => CLOCKS.map((clock) => start(runtime, clock))));
}
