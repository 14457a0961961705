import { expect, test } from 'vitest';
import { assessModel, planFacts } from '../../loadtest/capacity/assess.ts';
import { OPEN_MIX } from '../../loadtest/profiles/profile.ts';
import type { CapacityRecord, CapacityStep } from '../../loadtest/report/record.ts';

/** A try at a rate, with 100 µs of the service a request. */
function step(ratePerSecond: number, held: boolean, disturbed = false): CapacityStep {
  const coresUsed = {
    generator: ratePerSecond * 1e-4,
    service: ratePerSecond * 1e-4,
    redis: ratePerSecond * 1e-5,
    machine: ratePerSecond * 2.1e-4,
  };
  const limits = { generator: false, machine: false, connections: false, disturbed, reasons: [] };
  const measured = { coresUsed, limits } as unknown as CapacityStep['measured'];
  return { ratePerSecond, held, purpose: 'search', isGeneratorsLimit: disturbed, measured };
}

function facts(steps: CapacityStep[], perSecond: number | null = 8_000) {
  const capacity: CapacityRecord = {
    perSecond,
    limitedBy: 'service',
    steps,
    mix: OPEN_MIX,
    stepSeconds: 8,
  };
  return {
    capacity,
    serviceProcesses: 1,
    machineCores: 2,
    redisBytesPerCandidate: 140,
    postgresConnections: 1,
  };
}

const HELD = [500, 1_000, 2_000, 4_000, 8_000].map((rate) => step(rate, true));

test('the next to highest rate is held out of the fit and predicted, and so is C', () => {
  const model = assessModel(facts([...HELD, step(16_000, false)]));
  expect(model?.fittedTo).toEqual([500, 1_000, 2_000, 8_000]);
  expect(model?.checks.map(({ what }) => what)).toEqual(['service', 'redis', 'machine', 'capacity']);
  for (const { what, error } of model?.checks.slice(0, 3) ?? [])
    expect([what, Math.abs(error) < 1e-6]).toEqual([what, true]);
});

test('a C that other programs set is no check of the model', () => {
  const model = assessModel(facts([...HELD, step(16_000, false, true)]));
  expect(model?.checks.map(({ what }) => what)).not.toContain('capacity');
});

test('tries that others disturbed are left out while there are enough others', () => {
  expect(assessModel(facts([...HELD, step(3_000, true, true)]))?.fittedTo).not.toContain(3_000);
  const few = assessModel(
    facts([step(500, true), step(1_000, true, true), step(2_000, true), step(4_000, true)]),
  );
  expect(few?.fittedTo).toContain(1_000);
});

test('too few rates make no model', () => {
  expect(assessModel(facts(HELD.slice(0, 2)))).toBeUndefined();
});

test('the plan takes CPU from the highest rate that held, and nothing without C', () => {
  expect(planFacts(facts(HELD))).toMatchObject({
    capacityPerSecond: 8_000,
    isLowerBound: false,
    serviceCpuPerRequest: expect.closeTo(1e-4, 10),
    redisCpuPerRequest: expect.closeTo(1e-5, 10),
  });
  expect(planFacts(facts(HELD, null))).toBeUndefined();
});
