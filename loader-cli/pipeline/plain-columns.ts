/**
 * What each place of a plain row means (plain-rows.ts), by definition and header.
 */
import type { Credential, SeriesDefinition, StatusCode } from '#results/definition.ts';
import { STATUS_CODES } from '#results/definition.ts';
import { markReader, totalReader, wordReader } from './cell-readers.ts';
import type { Header } from './header.ts';
import type { NumberCheck } from './plain-cells.ts';
import { WordCells, numberCheckOf } from './plain-cells.ts';

export const NUMBER = 0;
export const NAME = 1;
export const MARK = 2;
export const TOTAL = 3;
export const STATUS = 4;
export const FLAG = 5;
export const RANK = 6;
export const IGNORED = 7;
export const UNNAMED = 8;

export interface Column {
  readonly kind: number;
  /** Place of the credential, the component or the flag in the definition. */
  readonly place: number;
  readonly words: WordCells | undefined;
  readonly credential: Credential | undefined;
  readonly check: NumberCheck;
}

const OTHER: NumberCheck = { kind: 'other' };

/** @returns undefined where a column has two meanings. */
export function columnsOf(definition: SeriesDefinition, header: Header): Column[] | undefined {
  const { total, rank, status } = definition;
  const known = new Map<number, Column>();
  let isClear = true;
  const add = (name: string | undefined, column: Partial<Column> & { kind: number }): void => {
    const place = name === undefined ? undefined : header.placeOf.get(name);
    if (place === undefined) return;
    if (known.has(place)) isClear = false;
    known.set(place, { place: 0, words: undefined, credential: undefined, check: OTHER, ...column });
  };
  for (const [place, credential] of Object.values(definition.credentials).entries()) {
    const kind = credential.kind === 'person-name' ? NAME : NUMBER;
    add(credential.column, { kind, place, credential, check: numberCheckOf(credential) });
  }
  for (const [place, component] of definition.components.entries()) {
    const words = WordCells.of(markReader(definition, component), (mark) => mark);
    add(component.column, { kind: MARK, place, words });
  }
  if (total !== undefined)
    add(total.column, { kind: TOTAL, words: WordCells.of(totalReader(total), (value) => value) });
  add(rank?.column, { kind: RANK });
  if (status !== undefined) {
    const reader = wordReader<StatusCode>(status.values, 'status-unknown');
    add(status.column, { kind: STATUS, words: WordCells.of(reader, (code) => STATUS_CODES.indexOf(code)) });
  }
  for (const [place, flag] of definition.flags.entries()) {
    const reader = wordReader<boolean>(flag.values, 'flag-unknown');
    add(flag.column, { kind: FLAG, place, words: WordCells.of(reader, (isSet) => (isSet ? 1 : 0)) });
  }
  if (!isClear) return undefined;
  const named = header.cells.length - header.unnamed;
  return header.cells.map(
    (_, place) =>
      known.get(place) ?? {
        kind: place < named ? IGNORED : UNNAMED,
        place: 0,
        words: undefined,
        credential: undefined,
        check: OTHER,
      },
  );
}
