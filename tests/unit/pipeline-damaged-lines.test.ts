/**
 * @module Lines that a file's damage reaches: what belongs to the line after it, and what to the line itself.
 */
import { describe, expect, test } from 'vitest';
import { fileText, HEADER, readBytes, ROWS, withRow } from '../fixtures/files/small-file.ts';
import { preset } from '../helpers/definitions.ts';

describe('after a line whose quotation mark stays open', () => {
  test('every whole row is read, also when a later line has a stray mark', async () => {
    const broken = ROWS[0].replace('林泽', '"林泽');
    const rows = [broken, ROWS[1], ROWS[2], ROWS[3].replace('阿依', '阿"依')];
    const { accepted, rejects } = await readBytes([fileText(rows)]);
    expect(rejects.map(({ line, code }) => [line, code])).toEqual([
      [2, 'unclosed-quote'],
      [5, 'stray-quote'],
    ]);
    expect(accepted.map((row) => row.line)).toEqual([3, 4]);
  });

  test('what is no row by itself belongs to the broken one', async () => {
    const { accepted, rejects } = await readBytes([
      fileText(withRow(2, (row) => row.replace('许𠮷', '"许\n\n𠮷"'))),
    ]);
    expect(rejects.map(({ line, code }) => [line, code])).toEqual([
      [3, 'unclosed-quote'],
      [4, 'line-break-in-quotes'],
      [5, 'line-break-in-quotes'],
    ]);
    expect(accepted.map((row) => row.line)).toEqual([2, 6, 7]);
  });
});

describe('empty cells after the last column', () => {
  test('are passed over and counted, where they can be nothing else', async () => {
    const plain = await readBytes([fileText()]);
    const { report, rejects } = await readBytes([fileText(withRow(2, (row) => `${row},,`))]);
    expect(rejects).toEqual([]);
    expect(report.checksum).toEqual(plain.report.checksum);
    expect(report.normalisations).toEqual({ 'trailing-empty-columns': 1 });
  });

  test('reject the row where a cell in the middle may be the one too many', async () => {
    const definition = preset('xuekao');
    const columns = [
      ...Object.values(definition.credentials).map(({ column }) => column),
      ...definition.components.map(({ column }) => column),
    ];
    const [component] = definition.components;
    const grade = component?.grades?.[1] ?? '';
    const identity = ROWS[0].split(',')[2] ?? '';
    const cells = [
      ...Object.values(definition.credentials).map(({ kind, example }) =>
        kind === 'identity-number' ? identity : example,
      ),
      // Neither the first nor the last are taken: the grades may have moved to the right by one.
      ...definition.components.map((_, i) => (i === 0 || i > 3 ? '' : grade)),
      '',
    ];
    const { rejects } = await readBytes([`${columns.join(',')}\n${cells.join(',')}\n`], definition);
    expect(rejects).toMatchObject([{ line: 2, code: 'column-count' }]);
    const whole = await readBytes([`${columns.join(',')}\n${cells.slice(0, -1).join(',')}\n`], definition);
    expect(whole.rejects).toEqual([]);
  });

  test('do not excuse a value among them', async () => {
    const { rejects } = await readBytes([fileText(withRow(2, (row) => `${row},,7`))]);
    expect(rejects).toMatchObject([{ line: 3, code: 'column-count' }]);
    expect(HEADER.split(',')).toHaveLength(15);
  });
});
