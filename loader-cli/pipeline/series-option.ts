/**
 * `--series`: the id of a series, or a definition file.
 */
import { readFile } from 'node:fs/promises';
import type { SeriesDefinition } from '#results/definition.ts';
import { parseDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { CommandContext } from '../context.ts';
import type { Database } from '../database.ts';

/** A path, by its form: an id has neither slash nor dot. */
export function isDefinitionFile(series: string): boolean {
  return /[./\\]/.test(series);
}

/**
 * The definition that `--series` names: from a file without asking any store, else the latest version
 * from Postgres.
 * @throws FangbangError `usage`, `definition-invalid`, `series-unknown`, and as every statement.
 */
export async function resolveSeries(ctx: CommandContext, series: string): Promise<SeriesDefinition> {
  if (isDefinitionFile(series)) return await readDefinitionFile(series);
  return (await readLatestDefinition(await ctx.database(), series)).definition;
}

/** @throws FangbangError `usage` when it cannot be read, `definition-invalid`. */
export async function readDefinitionFile(path: string): Promise<SeriesDefinition> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error';
    throw new FangbangError('usage', `the definition ${path} cannot be read (${code})`, {
      hint: '--series takes the id of a series or the path of a definition file',
      cause,
    });
  }
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FangbangError('definition-invalid', `${path} is not a text in UTF-8`, {
      hint: 'save it as UTF-8',
      cause,
    });
  }
  return parseDefinition(source, path);
}

/** @throws FangbangError `series-unknown` */
export async function readLatestDefinition(
  database: Database,
  id: string,
): Promise<{ definition: SeriesDefinition; version: number }> {
  const [found] = await database.query<{ source: string; version: number }>(
    'select source, version from fangbang.definition where series = $1 order by version desc limit 1',
    [id],
  );
  if (found === undefined) {
    throw new FangbangError('series-unknown', 'there is no such series', {
      hint: 'fangbang series list shows them; a new one is added by fangbang series add',
    });
  }
  return {
    definition: parseDefinition(found.source, `${id} version ${found.version}`),
    version: found.version,
  };
}
