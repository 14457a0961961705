/** `fangbang audit` */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { AuditChain, parseHead, showHead } from '../audit-chain.ts';
import type { AuditHead, AuditRow } from '../audit-chain.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import type { Database } from '../database.ts';

const PAGE_ROWS = 1000;

export function register(program: Command): void {
  addVerb(program, {
    name: 'audit [series]',
    summary: 'who did what when; with --verify, whether the trail is whole',
    example: ['fangbang audit zj-gaokao-2026', 'fangbang audit --verify --head 12:9f86…0a08'],
    configure: (command) =>
      command
        .option('--verify', 'compute the hash chain of the whole trail again')
        .option('--head <head>', 'with --verify: a head that an act printed must still be in the trail'),
    run: async (ctx, [series], options) => {
      const head = textOption(options, 'head');
      if (options['verify'] === true)
        return await verify(ctx, head === undefined ? undefined : parseHead(head));
      if (head === undefined) return await list(ctx, series);
      throw new FangbangError('usage', '--head is for --verify', {
        hint: 'fangbang audit --verify --head …',
      });
    },
  });
}

async function verify(ctx: CommandContext, kept: AuditHead | undefined): Promise<VerbResult> {
  const database = await ctx.database();
  const chain = new AuditChain(kept);
  for await (const row of rows(database)) chain.add(row);
  const head = chain.end();
  if (head.seq === 0) ctx.say('the audit trail is empty');
  else
    ctx.say(
      `the audit trail is whole: ${head.seq} entries${kept === undefined ? '' : ', the kept head among them'}`,
    );
  if (head.seq > 0) ctx.say(`audit head ${showHead(head)}`);
  if (kept === undefined) ctx.say('its end is proven only against a head that you kept: --head');
  return { json: { verified: true, entries: head.seq, head: head.seq === 0 ? null : showHead(head) } };
}

interface Entry {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly act: string;
  readonly series: string | null;
  readonly batch: number | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
}

async function list(ctx: CommandContext, series: string | undefined): Promise<VerbResult> {
  const database = await ctx.database();
  const entries: Entry[] = [];
  let head: string | null = null;
  for await (const row of rows(database)) {
    head = showHead(row);
    const entry = readEntry(row);
    if (series !== undefined && entry.series !== series) continue;
    entries.push(entry);
    ctx.say(line(entry));
  }
  ctx.say(head === null ? 'the audit trail is empty' : `audit head ${head}`);
  return { json: { entries, head } };
}

/** A row that somebody changed may hold anything. @throws FangbangError `audit-broken` */
function readEntry(row: AuditRow): Entry {
  try {
    const entry: unknown = JSON.parse(row.entry);
    if (typeof entry === 'object' && entry !== null && 'act' in entry) return entry as Entry;
  } catch {
    // Said below.
  }
  throw new FangbangError('audit-broken', `entry ${row.seq} of the audit trail cannot be read`, {
    hint: 'fangbang audit --verify',
  });
}

function line(entry: Entry): string {
  const about = [entry.series, entry.batch === null ? undefined : `batch ${entry.batch}`]
    .filter(Boolean)
    .join(' ');
  const detail = Object.entries(entry.detail ?? {})
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return [entry.seq, entry.at, entry.actor, entry.act, about, detail]
    .filter((part) => part !== '')
    .join('  ');
}

async function* rows(database: Database): AsyncGenerator<AuditRow, void> {
  let after = 0;
  for (;;) {
    const page = await database.query<AuditRow>(
      'select seq::float8 as seq, entry, hash from fangbang.audit where seq > $1 order by seq limit $2',
      [after, PAGE_ROWS],
    );
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}
