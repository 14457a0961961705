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

test('CPU that follows the curve is fitted exactly, from any two rates', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-5, max: 1e-3, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e-3, noNaN: true }),
      fc.uniqueArray(fc.integer({ min: 100, max: 20_000 }), { minLength: 2, maxLength: 5 }),
      (alone, sharing, rates) => {
        const cores = (rate: number): number => coresAt({ alone, sharing }, rate);
        const model = fitModel(rates.map((rate) => measured(rate, cores(rate))));
        for (const rate of [50, 1_000, 30_000])
          expect(coresAt(model.service, rate) / cores(rate)).toBeCloseTo(1, 4);
      },
    ),
  );
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
  const model = fitModel([measured(1_000, 0.1), measured(2_000, 0.25)]);
  expect(model.service.sharing).toBe(0);
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
