import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MeasuredRate } from '../../loadtest/capacity/model.ts';
import { checkAt, coresAt, fitModel, predictCapacity } from '../../loadtest/capacity/model.ts';
import {
  meanWaitMs,
  utilisation,
  utilisationWithin,
  waitPercentileMs,
} from '../../loadtest/capacity/queueing.ts';
import { BOUNDS_BEHIND_REDIS } from '../../service/lookup/postgres-fallback.ts';
import { POSTGRES_CONNECTIONS_MOST, makePlan, planValue } from '../../loadtest/capacity/plan.ts';

const RESOURCES = { serviceProcesses: 1, machineCores: 8, objectiveMs: 100 };

function measured(ratePerSecond: number, service: number, redis = 0.01, machine = service * 2): MeasuredRate {
  return { ratePerSecond, service, redis, machine };
}

test('in M/M/1 the mean wait is ρ ÷ (1 − ρ) service times, and p99 that of the exponential', () => {
  const queue = { arrivalsPerSecond: 80, serviceMs: 10, variation: 1 };
  expect(utilisation(queue)).toBeCloseTo(0.8, 12);
  expect(meanWaitMs(queue)).toBeCloseTo((0.8 / 0.2) * 10, 9);
  // P(W > t) = ρ e^(−(μ − λ) t), so that t = ln(0.8 ÷ 0.01) ÷ (100 − 80) s.
  expect(waitPercentileMs(queue, 99)).toBeCloseTo((Math.log(80) / 20) * 1_000, 6);
});

test('with constant service times the mean wait is half of that', () => {
  const queue = { arrivalsPerSecond: 80, serviceMs: 10 };
  expect(meanWaitMs({ ...queue, variation: 0 })).toBeCloseTo(meanWaitMs({ ...queue, variation: 1 }) / 2, 9);
});

test('a full server makes an endless line', () => {
  expect(meanWaitMs({ arrivalsPerSecond: 100, serviceMs: 10, variation: 1 })).toBe(Number.POSITIVE_INFINITY);
});

test('short work may fill a server nearly whole within the objective, long work may not', () => {
  expect(utilisationWithin(100, 0.1, 1)).toBeGreaterThan(0.99);
  expect(utilisationWithin(100, 10, 1)).toBeLessThan(0.7);
});

test('CPU that follows the curve is predicted to within 2% between the rates that it was fitted to', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-5, max: 1e-3, noNaN: true }),
      fc.double({ min: 1e-5, max: 1e-3, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e-3, noNaN: true }),
      (own, shared, sharing) => {
        const cores = (rate: number): number => coresAt({ own, shared, sharing }, rate);
        const model = fitModel([250, 500, 1_000, 4_000, 16_000].map((rate) => measured(rate, cores(rate))));
        for (const rate of [300, 2_000, 8_000])
          expect(Math.abs(coresAt(model.service, rate) / cores(rate) - 1)).toBeLessThan(0.02);
      },
    ),
  );
});

test('requests that come together cost less, but never nothing', () => {
  const curve = { own: 3e-5, shared: 2e-4, sharing: 1e-3 };
  const costs = [100, 1_000, 10_000, 1e6].map((rate) => coresAt(curve, rate) / rate);
  expect(costs).toEqual(costs.toSorted((a, b) => b - a));
  expect(costs.at(-1)).toBeGreaterThan(curve.own);
});

test('CPU in proportion to the rate gives the capacity of the processes', () => {
  const model = fitModel([measured(500, 0.05), measured(1_000, 0.1), measured(2_000, 0.2)]);
  expect(predictCapacity(model, RESOURCES)).toMatchObject({ bottleneck: 'service' });
  expect(predictCapacity(model, RESOURCES).perSecond).toBeGreaterThan(9_800);
  expect(predictCapacity(model, RESOURCES).perSecond).toBeLessThan(10_000);
  // Four processes, twice the machine's share each: now the machine is full first.
  const four = predictCapacity(model, { ...RESOURCES, serviceProcesses: 4, machineCores: 4 });
  expect(four.bottleneck).toBe('machine');
  expect(four.perSecond).toBeCloseTo(20_000, -3);
});

test('Redis works on one thread, however many cores there are', () => {
  const model = fitModel([measured(1_000, 0.1, 0.1, 0.1), measured(2_000, 0.2, 0.2, 0.2)]);
  const many = predictCapacity(model, { serviceProcesses: 64, machineCores: 64, objectiveMs: 100 });
  expect(many).toMatchObject({ bottleneck: 'redis' });
});

test('noise that would make requests dearer together than alone is not believed', () => {
  const model = fitModel([measured(1_000, 0.1), measured(2_000, 0.25), measured(4_000, 0.55)]);
  expect(model.service.shared).toBe(0);
  expect(coresAt(model.service, 2_000)).toBeGreaterThan(coresAt(model.service, 1_000));
});

test('one rate is not enough for a model', () => {
  expect(() => fitModel([measured(500, 0.1), measured(500, 0.1)])).toThrow('two different rates');
});

test('a check says by how much a prediction was off', () => {
  const model = fitModel([measured(1_000, 0.1), measured(4_000, 0.4)]);
  expect(checkAt(model, measured(2_000, 0.25))[0]).toMatchObject({
    what: 'service',
    measured: 0.25,
    error: expect.closeTo(-0.2, 6),
  });
});

/**
 * Measured by the search for C of `npm run rehearse` on a machine with two cores (Xeon, Bun 1.4.5, Redis 7.0.15),
 * 50,000 candidates, tries of 5 s: requests a second, cores of the service, of Redis and of the generator. 16,000/s
 * was the highest rate that held; other programs then used 0.26 cores.
 */
const RECORDED = [
  [250, 0.0628, 0.0084, 0.0703],
  [500, 0.0973, 0.0094, 0.1018],
  [1_000, 0.165, 0.0172, 0.163],
  [2_000, 0.2463, 0.0272, 0.2951],
  [4_000, 0.364, 0.0377, 0.4186],
  [8_000, 0.4837, 0.0478, 0.6163],
  [16_000, 0.6001, 0.039, 0.8859],
].map(([rate = 0, service = 0, redis = 0, generator = 0]) =>
  measured(rate, service, redis, service + redis + generator),
);

test.each([500, 1_000, 2_000, 4_000, 8_000])(
  'fitted to the other recorded runs, the model predicts the CPU of the one at %d/s to within 15%%',
  (heldOut) => {
    const model = fitModel(RECORDED.filter(({ ratePerSecond }) => ratePerSecond !== heldOut));
    const [one] = RECORDED.filter(({ ratePerSecond }) => ratePerSecond === heldOut);
    if (one === undefined) throw new Error(`${heldOut}/s was not recorded`);
    const [service, , all] = checkAt(model, one);
    expect(Math.abs(service?.error ?? 1)).toBeLessThan(0.15);
    expect(Math.abs(all?.error ?? 1)).toBeLessThan(0.15);
  },
);

test('fitted to recorded runs up to half of C, the model predicts C to within 15%', () => {
  const model = fitModel(RECORDED.filter(({ ratePerSecond }) => ratePerSecond <= 8_000));
  const { perSecond, bottleneck } = predictCapacity(model, {
    serviceProcesses: 1,
    machineCores: 2 - 0.26,
    objectiveMs: 100,
  });
  expect(bottleneck).toBe('machine');
  expect(Math.abs(perSecond / 16_000 - 1)).toBeLessThan(0.15);
});

const FACTS = {
  capacityPerSecond: 5_000,
  isLowerBound: false,
  lookupShare: 0.65,
  serviceCpuPerRequest: 100e-6,
  redisCpuPerRequest: 8e-6,
  redisBytesPerCandidate: 140,
  postgresConnections: 2,
  serviceProcesses: 1,
};
const DEMAND = { candidates: 13_400_000, lookupsPerCandidate: 5, minutes: 10, reserve: 4 };

test('the plan for the whole country: rate, instances, cores, memory, shards, connections', () => {
  const plan = makePlan(FACTS, DEMAND);
  // 67 million lookups in 600 s, four times, are 446,667/s; 687,180 requests/s with the rest of the mix.
  expect(planValue(plan, 'lookups')).toBe(446_667);
  expect(plan.requestsPerSecond).toBeCloseTo(687_179.5, 0);
  expect(planValue(plan, 'instances')).toBe(138);
  expect(planValue(plan, 'cores')).toBe(69);
  expect(planValue(plan, 'redisMemory')).toBeCloseTo((13_400_000 * 140 * 1.5) / 2 ** 30, 6);
  expect(planValue(plan, 'redisShards')).toBe(11);
  expect(planValue(plan, 'postgresConnections')).toBe(138 * 7);
});

test('what was not seen is left open, not guessed', () => {
  const plan = makePlan(
    {
      ...FACTS,
      serviceCpuPerRequest: undefined,
      redisCpuPerRequest: undefined,
      redisBytesPerCandidate: undefined,
    },
    DEMAND,
  );
  for (const name of ['cores', 'redisMemory', 'redisShards'] as const)
    expect(planValue(plan, name)).toBeUndefined();
  expect(planValue(plan, 'instances')).toBe(138);
});

test('a C that the generator limited is called a lower bound', () => {
  const { numbers } = makePlan({ ...FACTS, isLowerBound: true }, DEMAND);
  expect(numbers.find(({ name }) => name === 'instances')?.how).toContain('at least 5,000');
});

test('the plan’s bound of connections to Postgres is the service’s own', () => {
  // 2: main.ts, the pool of the publications.
  expect(POSTGRES_CONNECTIONS_MOST).toBe(BOUNDS_BEHIND_REDIS.connections + 2);
});
