/**
 * A published score distribution (一分一段表) as a reference: a CSV with a column of scores and one of
 * candidates per score; other columns are passed over.
 *
 * Failure policy: what is not such a table is `file-refused`, with its line; nothing is guessed.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import { FangbangError } from '#results/errors.ts';
import { decodeStrictly, guessEncoding } from '../pipeline/encodings.ts';
import type { Reference } from './comparison.ts';

const SCORE_COLUMNS = ['分数', '总分', 'score'];
const COUNT_COLUMNS = ['人数', '本段人数', 'count'];

/** @throws FangbangError `file-refused` */
export async function readScoreTable(path: string): Promise<Reference> {
  const name = basename(path);
  const rows = parseRows(await readText(path, name), name);
  const [header = [], ...lines] = rows;
  const place = (names: readonly string[]): number =>
    header.findIndex((cell) => names.includes(cell.trim().toLowerCase()));
  const [scoreAt, countAt] = [place(SCORE_COLUMNS), place(COUNT_COLUMNS)];
  if (scoreAt === -1 || countAt === -1) {
    throw refused(name, 1, 'this is not a score distribution', {
      hint: `it needs a column ${SCORE_COLUMNS.join(' or ')} and a column ${COUNT_COLUMNS.join(' or ')}`,
    });
  }
  const totals = new Map<number, number>();
  let openTop: number | undefined;
  for (const [i, cells] of lines.entries()) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    const line = i + 2;
    const score = readScore(cells[scoreAt] ?? '');
    const count = /^\s*([0-9]+)(?:\.0+)?\s*$/.exec(cells[countAt] ?? '')?.[1];
    if (score === undefined || count === undefined)
      throw refused(name, line, 'expected a score and a number of candidates');
    if (totals.has(score.value)) {
      throw refused(name, line, 'the score is there twice', {
        hint: 'keep the rows of one year and one category',
      });
    }
    if (score.isOpen && openTop !== undefined) throw refused(name, line, 'two classes are open upwards');
    if (score.isOpen) openTop = score.value;
    totals.set(score.value, Number(count));
  }
  const scores = [...totals.keys()];
  if (scores.length === 0) throw refused(name, 1, 'there is no score in it');
  if (openTop !== undefined && scores.some((score) => score > (openTop ?? 0)))
    throw refused(name, 1, 'a class is open upwards, and there are scores above it');
  return {
    kind: 'table',
    label: name,
    totals: [...totals],
    lowest: Math.min(...scores),
    ...(openTop === undefined ? {} : { openTop }),
  };
}

/** 612, 693及以上, 693分以上, 693-750: the last three hold what is above too. */
function readScore(cell: string): { value: number; isOpen: boolean } | undefined {
  const match =
    /^\s*([0-9]{1,4}(?:\.[0-9]{1,3})?)\s*分?\s*(及以上|以上|and above|\+|[-–—~～]\s*[0-9]{1,4}\s*分?)?\s*$/i.exec(
      cell,
    );
  return match === null ? undefined : { value: Number(match[1]), isOpen: match[2] !== undefined };
}

async function readText(path: string, name: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error';
    throw new FangbangError('file-refused', `${name} cannot be read (${code})`, {
      hint: '--compare takes the id of a series, the number of a batch, or the path of a table (with a dot or a slash)',
      cause,
    });
  }
  const encoding = guessEncoding(bytes);
  const text = encoding === undefined ? undefined : decodeStrictly(bytes, encoding);
  if (text === undefined)
    throw new FangbangError('file-refused', `${name} is neither UTF-8 nor GB18030`, {
      hint: 'save it as UTF-8',
    });
  return text;
}

function parseRows(text: string, name: string): string[][] {
  try {
    return parse(text, { bom: true, relax_column_count: true });
  } catch (cause) {
    throw new FangbangError('file-refused', `${name} is not a CSV file`, { cause });
  }
}

function refused(
  name: string,
  line: number,
  message: string,
  options: { hint?: string } = {},
): FangbangError {
  return new FangbangError('file-refused', `${name}, line ${line}: ${message}`, options);
}
