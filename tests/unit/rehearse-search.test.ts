import { expect, test } from 'vitest';
import type { Tried } from '../../loadtest/rehearse/find-capacity.ts';
import { findCapacity } from '../../loadtest/rehearse/find-capacity.ts';
import { limitsOf } from '../../loadtest/rehearse/limits.ts';

const running = new AbortController().signal;

/** A service that holds up to a rate; confirmations hold a little less. */
function search(
  holdsUpTo: number,
  options: { confirmsUpTo?: number; most?: number; isGenerators?: boolean } = {},
) {
  const { confirmsUpTo = holdsUpTo, most = 100_000, isGenerators = false } = options;
  return findCapacity<Tried>({
    fromPerSecond: 250,
    mostPerSecond: most,
    precision: 0.06,
    stop: running,
    tryRate: (ratePerSecond, purpose) => {
      const held = ratePerSecond <= (purpose === 'confirm' ? confirmsUpTo : holdsUpTo);
      return Promise.resolve({ ratePerSecond, held, isGeneratorsLimit: !held && isGenerators });
    },
  });
}

test.each([3, 40, 249, 250, 251, 1_000, 3_333, 20_000, 77_777])(
  'a service that holds %d/s is found to within 6%%, never above',
  async (holds) => {
    const { perSecond, limitedBy } = await search(holds);
    expect(perSecond).toBeLessThanOrEqual(holds);
    expect(perSecond ?? 0).toBeGreaterThanOrEqual(Math.floor(holds / 1.07) - 1);
    expect(limitedBy).toBe('service');
  },
);

test('what a longer run does not confirm is not claimed', async () => {
  const { perSecond, steps } = await search(10_000, { confirmsUpTo: 7_000 });
  expect(perSecond).toBeLessThanOrEqual(7_000);
  expect(perSecond ?? 0).toBeGreaterThan(5_500);
  expect(steps.at(-1)).toMatchObject({ held: true, ratePerSecond: perSecond });
});

test('a service that holds nothing has no capacity', async () => {
  expect((await search(0)).perSecond).toBeNull();
  expect((await search(5_000, { confirmsUpTo: 0 })).perSecond).toBeNull();
});

test('a rate that was missed by the generator does not make the service the limit', async () => {
  expect((await search(1_000, { isGenerators: true })).limitedBy).toBe('generator');
});

test('when the highest rate to be tried holds, the search is the limit', async () => {
  expect(await search(5_000, { most: 1_500 })).toMatchObject({ perSecond: 1_500, limitedBy: 'search' });
});

test('a search that is stopped claims nothing', async () => {
  const stopping = new AbortController();
  const found = await findCapacity<Tried>({
    fromPerSecond: 250,
    mostPerSecond: 1e6,
    precision: 0.06,
    stop: stopping.signal,
    tryRate: (ratePerSecond) => {
      if (ratePerSecond > 900) stopping.abort();
      return Promise.resolve({ ratePerSecond, held: true, isGeneratorsLimit: false });
    },
  });
  expect(found.perSecond).toBeNull();
});

const CALM = {
  lateness: { sendingMs: 2, waitedShare: 0, serviceMs: 5 },
  busy: [
    [0.3, 0.4],
    [0.5, 0.2],
  ],
  samples: [{ second: 0.5, generator: 0.3, service: 0.3, redis: 0.05, machine: 0.7 }],
  machineCores: 2,
  sharesMachine: true,
};

test('a calm run has no limit', () => {
  expect(limitsOf(CALM)).toEqual({
    generator: false,
    machine: false,
    disturbed: false,
    connections: false,
    reasons: [],
  });
});

test.each([
  [
    'a thread that never rests',
    { busy: [[0.97, 0.95, 0.99], [0.2]] },
    'generator',
    'a thread of the generator',
  ],
  [
    'requests that are sent late though a connection is free',
    { lateness: { ...CALM.lateness, sendingMs: 35 } },
    'generator',
    'were sent 35 ms late',
  ],
  [
    'too few connections for a quick service',
    { lateness: { sendingMs: 1, waitedShare: 0.2, serviceMs: 3 } },
    'connections',
    'waited for a connection',
  ],
  [
    'a full machine that both share',
    { samples: [{ second: 0.5, generator: 0.9, service: 1, redis: 0.07, machine: 1.98 }] },
    'machine',
    'the machine was 99% busy',
  ],
  [
    'other programs',
    { samples: [{ second: 0.5, generator: 0.3, service: 0.3, redis: 0.05, machine: 1.5 }] },
    'disturbed',
    'other programs used 42%',
  ],
] as const)('%s is seen and said', (_what, changed, name, reason) => {
  const limits = limitsOf({ ...CALM, ...changed });
  expect(limits[name]).toBe(true);
  expect(limits.reasons.join('; ')).toContain(reason);
});

test('a slow service is not blamed on connections: they are taken because it is slow', () => {
  const slow = { sendingMs: 1, waitedShare: 0.9, serviceMs: 500 };
  expect(limitsOf({ ...CALM, lateness: slow })).toMatchObject({ connections: false, generator: false });
});

test('a service on another machine does not share ours', () => {
  const full = [{ second: 0.5, generator: 1.9, service: undefined, redis: undefined, machine: 1.99 }];
  expect(limitsOf({ ...CALM, samples: full, sharesMachine: false }).machine).toBe(false);
});
