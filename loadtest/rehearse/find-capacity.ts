/**
 * The capacity C: the highest rate at which the objective holds. Found by doubling until it is missed, then by
 * halving the gap, then by a longer run at what was found; when that misses, lower and lower.
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

/** Of what the search found, the shares that are confirmed one after the other until one holds. */
const CONFIRMATIONS = [1, 0.93, 0.86, 0.75, 0.6, 0.45, 0.3];
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
    // Whole rates: between two neighbours there is none.
    if (middle === held || middle === missed) break;
    const step = await attempt(middle);
    if (step.held) held = middle;
    else missed = middle;
  }
  for (const share of CONFIRMATIONS) {
    if (stop.aborted) break;
    const lower = Math.max(1, Math.round(held * share));
    const step = await attempt(lower, 'confirm');
    if (step.held)
      return { perSecond: lower, limitedBy: lower >= mostPerSecond ? 'search' : limitOf(steps), steps };
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
