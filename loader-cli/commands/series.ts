/** `fangbang series preset | add | list | show` */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { PresetName } from '#results/presets.ts';
import { PRESET_NAMES, readPreset } from '#results/presets.ts';
import { parseCount } from '../arguments.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import { table } from '../table.ts';

export function register(program: Command): void {
  const series = program.command('series').description('definitions: what a sitting’s files and slips hold');
  addVerb(series, {
    name: 'preset <name>',
    summary: `print a definition to start from: ${PRESET_NAMES.join(', ')}`,
    example: 'fangbang series preset gaokao > zj-gaokao-2026.yaml',
    run: async (ctx, [name = '']) => preset(ctx, name),
  });
  addVerb(series, {
    name: 'add <file>',
    summary: 'check a definition and add it, as a new version when its series is known',
    example: 'fangbang series add zj-gaokao-2026.yaml',
    run: async (ctx, [file = '']) => await add(ctx, file),
  });
  addVerb(series, {
    name: 'list',
    summary: 'all series with their latest definition',
    example: 'fangbang series list',
    run: list,
  });
  addVerb(series, {
    name: 'show <id>',
    summary: 'print a definition as it was added',
    example: 'fangbang series show zj-gaokao-2026 --version 1 > version-1.yaml',
    configure: (command) => command.option('--version <n>', 'an earlier version (else the latest)'),
    run: async (ctx, [id = ''], options) =>
      await show(ctx, id, parseCount('--version', textOption(options, 'version'))),
  });
}

function preset(ctx: CommandContext, name: string): VerbResult {
  if (!isPresetName(name)) {
    throw new FangbangError('usage', 'there is no such preset', {
      hint: `presets: ${PRESET_NAMES.join(', ')}`,
    });
  }
  const yaml = readPreset(name);
  // With --json standard error needs no copy of it.
  if (!ctx.json) ctx.say(yaml.trimEnd());
  return { json: { name, yaml } };
}

function isPresetName(name: string): name is PresetName {
  return (PRESET_NAMES as readonly string[]).includes(name);
}

async function add(ctx: CommandContext, file: string): Promise<VerbResult> {
  const source = await readSource(file);
  const definition = parseDefinition(source, file);
  const database = await ctx.database();
  const { version, added, head } = await database.one<{
    version: number;
    added: boolean;
    head: string | null;
  }>('select version, added, head from fangbang.add_definition($1, $2)', [definition.id, source]);
  ctx.say(
    added
      ? `added ${definition.id} version ${version}`
      : `${definition.id} version ${version} is this very definition: nothing added`,
  );
  if (head !== null) ctx.say(`audit head ${head}`);
  return {
    json: { series: definition.id, version, added, sha256: definition.sourceSha256.toString('hex'), head },
  };
}

async function readSource(file: string): Promise<string> {
  try {
    // Postgres cannot hold NUL, and a byte that is no UTF-8 would be stored as another character.
    const source = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
    if (!source.includes('\0')) return source;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (/^E[A-Z]+$/.test(code)) {
      throw new FangbangError('usage', `the definition ${file} cannot be read (${code})`, { cause });
    }
  }
  throw new FangbangError('definition-invalid', `${file} is not a text in UTF-8`, {
    hint: 'save it as UTF-8',
  });
}

interface Listed {
  readonly id: string;
  readonly version: number;
  readonly source: string;
  readonly addedBy: string;
  readonly addedAt: Date;
}

const LATEST = `select distinct on (series) series as id, version, source, added_by as "addedBy",
  added_at as "addedAt" from fangbang.definition order by series, version desc`;

async function list(ctx: CommandContext): Promise<VerbResult> {
  const database = await ctx.database();
  const found = (await database.query<Listed>(LATEST)).map(({ source, addedAt, ...rest }) => ({
    ...rest,
    addedAt: addedAt.toISOString(),
    title: parseDefinition(source, `${rest.id} version ${rest.version}`).title,
  }));
  if (found.length === 0) ctx.say('no series yet: fangbang series add');
  else {
    const rows = found.map((s) => [s.id, String(s.version), s.addedBy, s.addedAt, s.title.zh]);
    for (const line of table(['series', 'version', 'added by', 'at', 'title'], rows)) ctx.say(line);
  }
  return { json: { series: found } };
}

async function show(ctx: CommandContext, id: string, version: number | undefined): Promise<VerbResult> {
  const database = await ctx.database();
  const [found] = await database.query<Listed & { sha256: string; latest: number }>(
    `select d.series as id, d.version, d.source, d.added_by as "addedBy", d.added_at as "addedAt",
       encode(d.source_sha256, 'hex') as sha256, l.latest
     from fangbang.definition d, (select max(version) as latest from fangbang.definition where series = $1) l
     where d.series = $1 and d.version = coalesce($2, l.latest)`,
    [id, version],
  );
  if (found === undefined) {
    throw new FangbangError('series-unknown', 'there is no such series, or no such version of it', {
      hint: 'fangbang series list shows them',
    });
  }
  if (!ctx.json) ctx.say(found.source.trimEnd());
  const { id: series, ...rest } = found;
  return { json: { series, ...rest } };
}
