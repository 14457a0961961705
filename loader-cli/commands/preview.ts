/** `fangbang preview` */
import type { Command } from 'commander';
import type { PublishedBatch } from '#results/answer.ts';
import { compileAnswer } from '#results/answer.ts';
import type { Digest } from '#results/digest.ts';
import { computeDigest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { makeSlipCodec } from '#results/slip-codec.ts';
import { parseBatchNumber } from '../arguments.ts';
import { CREDENTIALS_HELP, askCredentials, chooseSet } from '../ask-credentials.ts';
import { pepperOf, readBatch, readDefinition } from '../batches.ts';
import type { Batch } from '../batches.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext } from '../command.ts';
import type { Database } from '../database.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'preview <batch>',
    summary: 'one candidate’s answer as the service will give it, open or not',
    example: ['fangbang preview 3', 'fangbang preview 3 --set number-and-identity < two-lines.txt'],
    configure: (command) =>
      command
        .option('--set <name>', 'the credential set (else the definition’s first)')
        .addHelpText('after', CREDENTIALS_HELP),
    run: async (ctx, [argument], options) => {
      const number = parseBatchNumber(argument);
      const peppers = ctx.peppers();
      const database = await ctx.database();
      const batch = await readBatch(database, number);
      const pepper = pepperOf(batch, peppers);
      const definition = await readDefinition(database, batch);
      const set = chooseSet(definition, textOption(options, 'set'));
      const values = await askCredentials(ctx, definition, set);
      const digest = computeDigest(pepper, definition.id, set.name, values);
      const payload = await readPayload(database, batch, digest);
      const slip = makeSlipCodec(definition).read(payload);
      const template = compileAnswer(definition, await publicationOf(ctx, database, batch));
      const answer = template(slip).toString();
      if (!ctx.json) ctx.say(answer);
      const json: Record<string, unknown> = JSON.parse(answer);
      return { json };
    },
  });
}

async function readPayload(database: Database, batch: Batch, digest: Digest): Promise<Buffer> {
  const [row] = await database.query<{ payload: Buffer }>(
    'select payload from fangbang.slip where batch = $1 and digest = $2',
    [batch.number, digest],
  );
  if (row !== undefined) return row.payload;
  throw new FangbangError(
    'candidate-not-found',
    `batch ${batch.number} has no candidate with these credentials`,
    {
      hint: 'the service answers 404 to them',
    },
  );
}

/** What the answer says of its batch: as it is, or will be, published; else as if it opened when it may. */
async function publicationOf(ctx: CommandContext, database: Database, batch: Batch): Promise<PublishedBatch> {
  const state = await database.one<{
    opensAt: Date | null;
    notBefore: Date | null;
    single: boolean | null;
    corrected: boolean;
  }>(
    `select p.opens_at as "opensAt", a.not_before as "notBefore", a.single,
       exists (select 1 from fangbang.publication f where f.series = b.series and f.cancelled_by is null
         and f.batch < b.number and (p.epoch is null or f.epoch < p.epoch)) as corrected
     from fangbang.batch b left join fangbang.approval a on a.batch = b.number
       left join lateral (select q.epoch, q.opens_at from fangbang.publication q where q.batch = b.number
         and q.cancelled_by is null order by q.epoch desc limit 1) p on true
     where b.number = $1`,
    [batch.number],
  );
  const opensAt = state.opensAt ?? state.notBefore;
  if (state.opensAt === null) {
    ctx.note(
      `batch ${batch.number} is not published: publishedAt is ${opensAt === null ? 'now' : 'the approved time'}`,
    );
  }
  return {
    number: batch.number,
    opensAtMs: opensAt?.getTime() ?? Date.now(),
    corrected: state.corrected,
    rehearsal: state.single === true,
  };
}
