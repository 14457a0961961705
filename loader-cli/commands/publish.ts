/** `fangbang publish` */
import type { Command } from 'commander';
import { parseBatchNumber, parseInstant } from '../arguments.ts';
import { addVerb, textOption } from '../command.ts';
import { announceEpoch, sayEpoch } from '../epoch.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'publish <batch>',
    summary: 'open an approved, warmed and verified batch at a time, or move its opening',
    example: ['fangbang publish 3 --at 2026-06-25T09:00:00+08:00', 'fangbang publish 3 --at now'],
    configure: (command) =>
      command.requiredOption('--at <time>', 'the opening: ISO 8601 with an offset, or now'),
    run: async (ctx, [argument], options) => {
      const batch = parseBatchNumber(argument);
      const at = parseInstant('--at', textOption(options, 'at'));
      const database = await ctx.database();
      const act = await database.one<{
        epoch: number;
        series: string;
        opensAt: Date;
        moved: boolean;
        head: string;
      }>(
        'select epoch::float8 as epoch, series, opens_at as "opensAt", moved, head from fangbang.publish($1, $2)',
        [batch, at === 'now' ? null : at],
      );
      const opensAt = act.opensAt.toISOString();
      ctx.say(`batch ${batch} of ${act.series} ${at === 'now' ? 'is open since' : 'opens at'} ${opensAt}`);
      if (act.moved) ctx.say('an opening that was planned before is cancelled');
      const redisEpoch = await announceEpoch(ctx, act.epoch);
      sayEpoch(ctx, { ...act, redisEpoch });
      return {
        json: {
          batch,
          series: act.series,
          opensAt,
          epoch: act.epoch,
          redisEpoch,
          moved: act.moved,
          head: act.head,
        },
      };
    },
  });
}
