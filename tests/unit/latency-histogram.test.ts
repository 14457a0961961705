/**
 * The histogram of ours exposes what the library's would.
 */
import fc from 'fast-check';
import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '../../service/latency-histogram.ts';

const BOUNDS = [0.001, 0.0025, 0.01, 0.5, 1];
const NAME = 'fangbang_lookup_seconds';

test('it exposes what the library’s histogram does, as text and for several instances together', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constantFrom(...BOUNDS))),
      async (values) => {
        const [own, theirs] = [new Registry(), new Registry()];
        const ours = new LatencyHistogram(own, NAME, 'Time', BOUNDS);
        const library = new Histogram({ name: NAME, help: 'Time', buckets: BOUNDS, registers: [theirs] });
        for (const value of values) {
          ours.observe(value);
          library.observe(value);
        }
        expect(await own.metrics()).toBe(await theirs.metrics());
        const twice = async (registry: Registry): Promise<string> => {
          const one = await registry.getMetricsAsJSON();
          return await AggregatorRegistry.aggregate([one, one]).metrics();
        };
        expect(await twice(own)).toBe(await twice(theirs));
      },
    ),
    { numRuns: 100 },
  );
});
