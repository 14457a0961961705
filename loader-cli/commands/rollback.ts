/** `fangbang rollback` */
import type { Command } from 'commander';
import { addVerb } from '../command.ts';
import { announceEpoch, sayEpoch } from '../epoch.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'rollback <series>',
    summary: 'open the batch that was open before; one person may',
    example: 'fangbang rollback zj-gaokao-2026',
    run: async (ctx, [series = '']) => {
      const database = await ctx.database();
      const act = await database.one<{ epoch: number; batch: number; head: string }>(
        'select epoch::float8 as epoch, batch, head from fangbang.rollback($1)',
        [series],
      );
      ctx.say(`${series} is rolled back: batch ${act.batch} is open again`);
      const redisEpoch = await announceEpoch(ctx, act.epoch);
      sayEpoch(ctx, { ...act, redisEpoch });
      return { json: { series, batch: act.batch, epoch: act.epoch, redisEpoch, head: act.head } };
    },
  });
}
