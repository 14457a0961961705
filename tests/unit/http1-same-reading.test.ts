/**
 * Requests are smuggled where two programs in a row read the same bytes in two ways. So whatever our server
 * accepts, a strict parser of another make accepts, too, and reads the same; ours may refuse more.
 */
import { METHODS } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SOUND_REQUESTS, mutatedRequests } from '../helpers/http1-mutations.ts';
import type { TwoParsers } from '../helpers/http1-two-parsers.ts';
import { startTwoParsers } from '../helpers/http1-two-parsers.ts';

let parsers: TwoParsers;

beforeAll(async () => {
  parsers = await startTwoParsers();
});
afterAll(() => parsers.close());

it('whatever it accepts, the parser of Node accepts and reads the same', async () => {
  let accepted = 0;
  let refusedMore = 0;
  await fc.assert(
    fc.asyncProperty(mutatedRequests, async (bytes) => {
      const { ours, nodes } = await parsers.read(bytes);
      // That knows no other methods.
      const known = ours.findIndex(({ method }) => !METHODS.includes(method));
      const comparable = known === -1 ? ours : ours.slice(0, known);
      expect(nodes.slice(0, comparable.length)).toEqual(comparable);
      accepted += comparable.length;
      refusedMore += nodes.length - comparable.length;
    }),
    { numRuns: 1_500 },
  );
  // Not by refusing everything.
  expect(accepted).toBeGreaterThan(500);
  expect(refusedMore).toBeLessThan(accepted);
});

it.each(SOUND_REQUESTS)('what is in order is accepted by both: %j', async (text) => {
  const { ours, nodes } = await parsers.read(Buffer.from(text, 'latin1'));
  expect(ours).toHaveLength(1);
  expect(nodes).toEqual(ours);
});
