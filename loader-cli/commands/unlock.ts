/**
 * `fangbang unlock`: lifts what wrong attempts have put on one candidate's credentials, the day's cap
 * included.
 *
 * Failure policy: deleting counters can be repeated. The service notices within 5 s: it remembers a
 * counter that was closed for so long.
 */
import type { Command } from 'commander';
import { computeDigest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { dayOf, dayTable, makeSetCounters, periodOf, periodTable } from '#results/limit-keys.ts';
import { CREDENTIALS_HELP, askCredentials, chooseSet } from '../ask-credentials.ts';
import type { Batch } from '../batches.ts';
import { pepperOf, readBatch, readDefinition } from '../batches.ts';
import { addVerb, textOption } from '../command.ts';
import type { Database } from '../database.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'unlock <series>',
    summary: 'lift the limits on wrong attempts, the day’s cap too, for one candidate',
    example: ['fangbang unlock zj-gaokao-2026', 'fangbang unlock cet-2026-06 --set identity-and-name'],
    configure: (command) =>
      command
        .option('--set <name>', 'the credential set (else the definition’s first)')
        .addHelpText(
          'after',
          `${CREDENTIALS_HELP}\nMake sure who is asking: from then on there are five more guesses at these credentials.`,
        ),
    run: async (ctx, [series = ''], options) => {
      const peppers = ctx.peppers();
      const database = await ctx.database();
      const { batch, nowMs } = await openBatch(database, series);
      const pepper = pepperOf(batch, peppers);
      const definition = await readDefinition(database, batch);
      const set = chooseSet(definition, textOption(options, 'set'));
      const redis = await ctx.redis();
      if (redis === undefined) {
        throw new FangbangError('usage', 'without Redis there is nothing to lift', {
          hint: 'each instance counts for itself and forgets after 15 minutes, or when it is restarted',
        });
      }
      const values = await askCredentials(ctx, definition, set);
      const [found] = await database.query('select 1 from fangbang.slip where batch = $1 and digest = $2', [
        batch.number,
        computeDigest(pepper, series, set.name, values),
      ]);
      if (found === undefined) {
        throw new FangbangError(
          'candidate-not-found',
          `batch ${batch.number} has no candidate with these credentials`,
          { hint: 'only the limits of the right credentials of a candidate can be lifted' },
        );
      }
      const counters = makeSetCounters(pepper, definition, set)(values);
      const fields = counters.map(({ field }) => field);
      let attempts = 0;
      const period = periodOf(nowMs);
      for (const counted of [period, period - 1])
        attempts += await redis.clearFields(periodTable(counted).key, fields);
      const attemptsToday = await redis.clearFields(dayTable(dayOf(nowMs)).key, fields);
      const markers = await redis.unlinkMany(counters.map(({ marker }) => Buffer.from(marker)));
      ctx.say(
        markers + attempts + attemptsToday === 0
          ? 'no wrong attempts are counted against these credentials'
          : 'the limits on these credentials are lifted; the service notices within 5 s',
      );
      return { json: { series, batch: batch.number, attemptsToday, markers } };
    },
  });
}

/** The open batch, and milliseconds since 1970 by the database's clock. @throws FangbangError `batch-not-found` */
async function openBatch(database: Database, series: string): Promise<{ batch: Batch; nowMs: number }> {
  const { batch, nowMs } = await database.one<{ batch: number | null; nowMs: number }>(
    `select (fangbang.act_in_force($1, clock_timestamp())).batch as batch,
       extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"`,
    [series],
  );
  if (batch !== null) return { batch: await readBatch(database, batch), nowMs };
  throw new FangbangError('batch-not-found', `no batch of ${series} is open`, {
    hint: 'nothing is counted before a series opens; fangbang status shows where it stands',
  });
}
