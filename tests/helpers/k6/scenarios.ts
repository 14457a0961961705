/**
 * @module A script's options: checked as strictly as k6 checks them, and how many iterations they plan.
 */
import { InvalidConfig } from './faults.ts';

export interface PlannedScenario {
  readonly name: string;
  readonly executor: string;
  /** Name of the exported function. */
  readonly exec: string;
  readonly iterations: number;
  /** After the beginning of the load. */
  readonly startSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

const OPTIONS = new Set([
  'scenarios',
  'thresholds',
  'tags',
  'summaryTrendStats',
  'setupTimeout',
  'teardownTimeout',
  'userAgent',
  'noConnectionReuse',
  'noCookiesReset',
  'discardResponseBodies',
]);

const COMMON = ['executor', 'startTime', 'gracefulStop', 'exec', 'env', 'tags', 'options'];
const ARRIVAL = ['timeUnit', 'preAllocatedVUs', 'maxVUs'];
const EXECUTORS: Readonly<Record<string, readonly string[]>> = {
  'constant-arrival-rate': [...COMMON, ...ARRIVAL, 'rate', 'duration'],
  'ramping-arrival-rate': [...COMMON, ...ARRIVAL, 'startRate', 'stages'],
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * The scenarios of a script.
 * @param functions names of the functions that the script exports.
 * @throws InvalidConfig on an unknown option, executor, field or function, or a missing or impossible value.
 */
export function planScenarios(options: Fields, functions: ReadonlySet<string>): PlannedScenario[] {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) throw new InvalidConfig(`the double of k6 knows no option "${name}"`);
  }
  const scenarios = Object.entries((options['scenarios'] ?? {}) as Record<string, Fields>);
  if (scenarios.length === 0) throw new InvalidConfig('the script has no scenarios');
  return scenarios.map(([name, fields]) => planOne(name, fields, functions));
}

function planOne(name: string, fields: Fields, functions: ReadonlySet<string>): PlannedScenario {
  const fault = (what: string): InvalidConfig => new InvalidConfig(`scenario ${name}: ${what}`);
  const executor = String(fields['executor']);
  const known = EXECUTORS[executor];
  if (known === undefined) throw fault(`unknown executor type '${executor}'`);
  for (const field of Object.keys(fields)) {
    if (!known.includes(field)) throw fault(`json: unknown field "${field}"`);
  }
  const exec = typeof fields['exec'] === 'string' ? fields['exec'] : 'default';
  if (!functions.has(exec)) throw fault(`function '${exec}' not found in exports`);

  const number = (field: string, least: number, otherwise?: number): number => {
    const value = fields[field] ?? otherwise;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least)
      throw fault(`${field} must be a whole number of at least ${least}`);
    return value;
  };
  const preAllocated = number('preAllocatedVUs', 0);
  if (number('maxVUs', 0, preAllocated) < preAllocated) throw fault('maxVUs is below preAllocatedVUs');
  if (fields['gracefulStop'] !== undefined) durationSeconds(fields['gracefulStop'], fault);
  const startSeconds = durationSeconds(fields['startTime'] ?? '0s', fault);
  const unitSeconds = durationSeconds(fields['timeUnit'] ?? '1s', fault);

  let iterations: number;
  if (executor === 'constant-arrival-rate') {
    const seconds = durationSeconds(fields['duration'], fault);
    if (seconds < 1) throw fault('the duration must be at least 1s');
    iterations = (number('rate', 1) / unitSeconds) * seconds;
  } else {
    const stages = fields['stages'];
    if (!Array.isArray(stages) || stages.length === 0) throw fault('stages must be a list');
    let rate = number('startRate', 0, 0);
    iterations = 0;
    for (const stage of stages as Fields[]) {
      const target = stage['target'];
      if (typeof target !== 'number' || !Number.isInteger(target) || target < 0)
        throw fault('the target of a stage must be a whole number');
      iterations += ((rate + target) / 2 / unitSeconds) * durationSeconds(stage['duration'], fault);
      rate = target;
    }
  }
  return {
    name,
    executor,
    exec,
    iterations: Math.floor(iterations),
    startSeconds,
    tags: { scenario: name, ...(fields['tags'] as Record<string, string> | undefined) },
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1, ms: 0.001 };

function durationSeconds(value: unknown, fault: (what: string) => Error): number {
  const text = String(value);
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s))+$/.test(text)) throw fault(`"${text}" is no duration`);
  return [...text.matchAll(/([0-9.]+)(h|ms|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_SECONDS[unit ?? ''] ?? 0),
    0,
  );
}
