/** `fangbang withdraw` */
import type { Command } from 'commander';
import { addVerb, textOption } from '../command.ts';
import { announceEpoch, sayEpoch } from '../epoch.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'withdraw <series>',
    summary: 'close the series at once; one person may',
    example: 'fangbang withdraw zj-gaokao-2026 --reason "physics marks of one district are wrong"',
    configure: (command) =>
      command.requiredOption('--reason <text>', 'for the audit trail; no names or numbers of candidates'),
    run: async (ctx, [series = ''], options) => {
      const reason = textOption(options, 'reason') ?? '';
      const database = await ctx.database();
      const act = await database.one<{ epoch: number; head: string }>(
        'select epoch::float8 as epoch, head from fangbang.withdraw($1, $2)',
        [series, reason],
      );
      ctx.say(`${series} is withdrawn: nothing of it is answered until a batch is published again`);
      const redisEpoch = await announceEpoch(ctx, act.epoch);
      sayEpoch(ctx, { ...act, redisEpoch });
      return { json: { series, reason, epoch: act.epoch, redisEpoch, head: act.head } };
    },
  });
}
