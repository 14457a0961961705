/** `fangbang approve` */
import type { Command } from 'commander';
import { showChecksum } from '#results/checksum.ts';
import { parseBatchNumber, parseChecksumOption, parseInstant } from '../arguments.ts';
import { addVerb, textOption } from '../command.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'approve <batch>',
    summary: 'the second person’s word: this checksum, not before this time',
    example: 'fangbang approve 3 --checksum sha256:9f86…0a08 --not-before 2026-06-25T09:00:00+08:00',
    configure: (command) =>
      command
        .requiredOption(
          '--checksum <sha256>',
          'the batch’s checksum, from the loader by another way than this database',
        )
        .requiredOption('--not-before <time>', 'the earliest opening: ISO 8601 with an offset, or now'),
    run: async (ctx, [argument], options) => {
      const batch = parseBatchNumber(argument);
      const checksum = parseChecksumOption(textOption(options, 'checksum'));
      const notBefore = parseInstant('--not-before', textOption(options, 'notBefore'));
      const database = await ctx.database();
      const { head } = await database.one<{ head: string }>(
        'select fangbang.approve($1, $2, coalesce($3, clock_timestamp())) as head',
        [batch, checksum, notBefore === 'now' ? null : notBefore],
      );
      const approval = await database.one<{ at: Date; by: string; single: boolean; series: string }>(
        `select a.not_before as at, a.approved_by as by, a.single, b.series
         from fangbang.approval a join fangbang.batch b on b.number = a.batch where a.batch = $1`,
        [batch],
      );
      ctx.say(
        `batch ${batch} of ${approval.series} is approved by ${approval.by}, not before ${approval.at.toISOString()}`,
      );
      if (approval.single) ctx.say('by the one who loaded it: its answers will say that this is a rehearsal');
      ctx.say(`audit head ${head}`);
      return {
        json: {
          batch,
          series: approval.series,
          checksum: showChecksum(checksum),
          approvedBy: approval.by,
          notBefore: approval.at.toISOString(),
          single: approval.single,
          head,
        },
      };
    },
  });
}
