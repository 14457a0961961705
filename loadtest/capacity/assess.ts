/**
 * From the measured steps of a search to model, check and plan.
 */
import type { CapacityRecord, CapacityStep, ModelRecord } from '../report/record.ts';
import { OBJECTIVE, lookupShare } from '../profiles/profile.ts';
import type { MeasuredRate } from './model.ts';
import { check, checkAt, coresAt, fitModel, predictCapacity } from './model.ts';
import type { PlanFacts } from './plan.ts';

export interface AssessFacts {
  readonly capacity: CapacityRecord;
  readonly serviceProcesses: number;
  readonly machineCores: number;
  readonly redisBytesPerCandidate: number | undefined;
  readonly postgresConnections: number | undefined;
}

/** To fit three numbers, and one to be held out. */
const ENOUGH_RATES = 4;

/** Below so much CPU of the service a second's reading is mostly noise. */
const LEAST_CORES = 0.03;

/**
 * Fits the model to the rates that held but for one, and checks it on that one and on C.
 * @returns undefined when too few rates were measured with their CPU.
 */
export function assessModel(facts: AssessFacts): ModelRecord | undefined {
  const { capacity, serviceProcesses, machineCores } = facts;
  const usable = usableSteps(capacity)
    .flatMap(measuredRate)
    .filter(({ service }) => service > LEAST_CORES)
    .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
  // The next to the highest: the highest is left for the fit, which then need not reach beyond it for C.
  const heldOut = usable.at(-2);
  const fitted = usable.filter(({ ratePerSecond }) => ratePerSecond !== heldOut?.ratePerSecond);
  if (heldOut === undefined || fitted.length < 2) return undefined;
  const model = fitModel(fitted);
  const predicted = predictCapacity(model, {
    serviceProcesses,
    machineCores: machineCores - othersCores(capacity),
    objectiveMs: OBJECTIVE.p99Ms,
  });
  const { perSecond } = capacity;
  return {
    fittedTo: model.fittedTo,
    serviceUs: (coresAt(model.service, heldOut.ratePerSecond) / heldOut.ratePerSecond) * 1e6,
    redisUs: (coresAt(model.redis, heldOut.ratePerSecond) / heldOut.ratePerSecond) * 1e6,
    bottleneck: predicted.bottleneck,
    checks: [
      ...checkAt(model, heldOut),
      // A C that other programs set says nothing of the model.
      ...(perSecond === null || wasDisturbed(capacity)
        ? []
        : [check('capacity', perSecond, predicted.perSecond, perSecond)]),
    ],
  };
}

/** A rate was missed while other programs took the machine. */
function wasDisturbed({ steps }: CapacityRecord): boolean {
  return steps.some(({ held, measured }) => !held && measured.limits.disturbed);
}

/** What the system itself and other programs used at the highest rate that held. */
function othersCores({ steps }: CapacityRecord): number {
  const [top] = steps.filter(({ held }) => held).toSorted((a, b) => b.ratePerSecond - a.ratePerSecond);
  const { machine, service, redis, generator } = top?.measured.coresUsed ?? {};
  if (machine === undefined || service === undefined || redis === undefined || generator === undefined)
    return 0;
  return Math.max(0, machine - service - redis - generator);
}

/**
 * The tries of the search that held: those that other programs did not disturb when there are enough, else all,
 * because a request costs nearly the same CPU while others wait for theirs.
 */
export function usableSteps({ steps }: CapacityRecord): CapacityStep[] {
  const held = steps.filter((step) => step.held && step.purpose === 'search');
  const calm = held.filter(({ measured }) => !measured.limits.disturbed);
  return new Set(calm.map(({ ratePerSecond }) => ratePerSecond)).size >= ENOUGH_RATES ? calm : held;
}

/** What the plan needs, or undefined without C. */
export function planFacts(facts: AssessFacts): PlanFacts | undefined {
  const { capacity } = facts;
  if (capacity.perSecond === null) return undefined;
  const [top] = capacity.steps
    .filter(({ held }) => held)
    .toSorted((a, b) => b.ratePerSecond - a.ratePerSecond);
  const cpu = (name: 'service' | 'redis'): number | undefined => {
    const cores = top?.measured.coresUsed[name];
    return top === undefined || cores === undefined ? undefined : cores / top.ratePerSecond;
  };
  return {
    capacityPerSecond: capacity.perSecond,
    isLowerBound: capacity.limitedBy !== 'service',
    lookupShare: lookupShare(capacity.mix),
    serviceCpuPerRequest: cpu('service'),
    redisCpuPerRequest: cpu('redis'),
    redisBytesPerCandidate: facts.redisBytesPerCandidate,
    postgresConnections: facts.postgresConnections,
    serviceProcesses: facts.serviceProcesses,
  };
}

/** A step as the model takes it; none when its CPU was not seen. */
export function measuredRate({ ratePerSecond, measured }: CapacityStep): MeasuredRate[] {
  const { service, redis, generator } = measured.coresUsed;
  return service === undefined || redis === undefined
    ? []
    : [{ ratePerSecond, service, redis, machine: service + redis + generator }];
}
