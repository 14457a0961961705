/**
 * The capacity C: the highest rate at which the objective holds. Found by doubling until it is missed, then by
 * halving the gap, then by a longer run at what was found; when that misses, a step lower.
 */

/** A try at a rate. */
export interface Tried {
  readonly ratePerSecond: number;
  readonly held: boolean;
  /** It was missed, but not by the service's fault: the load was not what it should be. */
  readonly isGeneratorsLimit: boolean;
}

export interface SearchOptions<T extends Tried> {
  readonly fromPerSecond: number;
  readonly mostPerSecond: number;
  /** The gap between the highest rate that held and the lowest that did not, as a share of the rate. */
  readonly precision: number;
  readonly tryRate: (ratePerSecond: number, purpose: 'search' | 'confirm') => Promise<T>;
  readonly stop: AbortSignal;
}

export interface Capacity<T extends Tried> {
  /** null when not even the lowest rate held, or the search was stopped before it knew. */
  readonly perSecond: number | null;
  /** What kept it from being higher. */
  readonly limitedBy: 'service' | 'generator' | 'search' | undefined;
  /** In the order of the tries. */
  readonly steps: readonly T[];
}

/** Lower by so much when a confirmation misses. */
const STEP_DOWN = 0.93;
const MOST_CONFIRMATIONS = 4;
/** Below it nothing is looked for. */
const LEAST_PER_SECOND = 2;

/** Searches. */
export async function findCapacity<T extends Tried>(options: SearchOptions<T>): Promise<Capacity<T>> {
  const { tryRate, stop, mostPerSecond, precision } = options;
  const steps: T[] = [];
  const attempt = async (rate: number, purpose: 'search' | 'confirm' = 'search'): Promise<T> => {
    const step = await tryRate(rate, purpose);
    steps.push(step);
    return step;
  };
  const none = (): Capacity<T> => ({ perSecond: null, limitedBy: limitOf(steps), steps });

  let rate = Math.min(options.fromPerSecond, mostPerSecond);
  let held = 0;
  let missed: number | undefined;
  while (missed === undefined && !stop.aborted) {
    const step = await attempt(rate);
    if (step.held) {
      held = rate;
      if (rate >= mostPerSecond) break;
      rate = Math.min(rate * 2, mostPerSecond);
    } else if (held === 0 && rate / 2 >= LEAST_PER_SECOND) rate = Math.round(rate / 2);
    else if (held === 0) return none();
    else missed = rate;
    // Below the first rate, what was missed on the way down is the bound.
    if (step.held && steps.length > 1 && steps.at(-2)?.held === false) missed = steps.at(-2)?.ratePerSecond;
  }
  while (missed !== undefined && missed - held > held * precision && !stop.aborted) {
    const middle = Math.round((held + missed) / 2);
    const step = await attempt(middle);
    if (step.held) held = middle;
    else missed = middle;
  }
  for (let i = 0; i < MOST_CONFIRMATIONS && !stop.aborted; i += 1) {
    const step = await attempt(held, 'confirm');
    if (step.held)
      return { perSecond: held, limitedBy: held >= mostPerSecond ? 'search' : limitOf(steps), steps };
    held = Math.round(held * STEP_DOWN);
  }
  return none();
}

/** Who was at the limit at the lowest rate that was missed. */
function limitOf(steps: readonly Tried[]): 'service' | 'generator' | undefined {
  const lowest = steps
    .filter((step) => !step.held)
    .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond)
    .at(0);
  if (lowest === undefined) return undefined;
  return lowest.isGeneratorsLimit ? 'generator' : 'service';
}
