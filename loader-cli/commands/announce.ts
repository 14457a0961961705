/** `fangbang announce` */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { parseInstant } from '../arguments.ts';
import { addVerb, textOption } from '../command.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'announce <series>',
    summary: 'show the series as scheduled before anything is published',
    example: 'fangbang announce zj-gaokao-2026 --at 2026-06-25T09:00:00+08:00',
    configure: (command) =>
      command.option(
        '--at <time>',
        'when results are expected: ISO 8601 with an offset (else no time is shown)',
      ),
    run: async (ctx, [series = ''], options) => {
      const at = announcedTime(textOption(options, 'at'));
      const database = await ctx.database();
      const { head } = await database.one<{ head: string }>('select fangbang.announce($1, $2) as head', [
        series,
        at,
      ]);
      const releaseAt = at?.toISOString() ?? null;
      ctx.say(`${series} is announced, ${releaseAt === null ? 'without a time' : `for ${releaseAt}`}`);
      ctx.say(`audit head ${head}`);
      return { json: { series, releaseAt, head } };
    },
  });
}

function announcedTime(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const at = parseInstant('--at', text);
  if (at !== 'now') return at;
  throw new FangbangError('usage', 'announce --at takes a time, not now', {
    hint: 'to open results now: fangbang publish <batch> --at now',
  });
}
