/** `fangbang db migrate` */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { migrate } from '#results/migrate.ts';
import { addVerb, textOption } from '../command.ts';
import { mapDatabaseError } from '../database-errors.ts';

export function register(program: Command): void {
  const db = program.command('db').description('the schema in Postgres');
  addVerb(db, {
    name: 'migrate',
    summary: 'create or upgrade the schema; safe to run twice, or at once from two places',
    example: 'fangbang db migrate --database-url postgres://owner@127.0.0.1:5432/fangbang',
    configure: (command) =>
      command.option(
        '--allow-single <yes|no>',
        'whether one person may load and approve: for demos and rehearsals, whose answers say so',
      ),
    run: async (ctx, _args, options) => {
      const allowSingle = parseYesOrNo(textOption(options, 'allowSingle'));
      const { from, to } = await migrateAt(ctx.databaseUrl());
      ctx.say(from === to ? `the schema is up to date (${to})` : `the schema went from ${from} to ${to}`);
      if (allowSingle === undefined) return { json: { from, to } };

      const database = await ctx.database();
      const { head } = await database.one<{ head: string }>('select fangbang.set_allow_single($1) as head', [
        allowSingle,
      ]);
      ctx.say(
        allowSingle
          ? 'one person may load and approve: only for demos and rehearsals, whose answers say so'
          : 'two persons are needed: whoever loads a batch cannot approve it',
      );
      ctx.say(`audit head ${head}`);
      return { json: { from, to, allowSingle, head } };
    },
  });
}

async function migrateAt(databaseUrl: string): Promise<{ from: number; to: number }> {
  try {
    return await migrate(databaseUrl);
  } catch (error) {
    throw mapDatabaseError(error, 'fangbang_owner');
  }
}

function parseYesOrNo(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new FangbangError('usage', '--allow-single takes yes or no');
}
