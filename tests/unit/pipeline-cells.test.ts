/**
 * @module Cells: nothing but a plain number is a number, and what is changed means the same.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { markReader } from '../../loader-cli/pipeline/cell-readers.ts';
import { cleanCell, isBlank, readNumber } from '../../loader-cli/pipeline/cells.ts';
import { MARK_BASE } from '../../service/results/slip.ts';
import { definitionWith, preset } from '../helpers/definitions.ts';

describe('readNumber', () => {
  test('takes digits and at most three decimals, and nothing else that Number() would', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('0123456789.eExX+-_ ,O')) }), (text) => {
        const number = readNumber(text);
        expect(number !== undefined).toBe(/^[0-9]{1,9}(\.[0-9]{1,3})?$/.test(text));
        expect(number?.value ?? Number(text)).toBe(Number(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('cleanCell', () => {
  test('changes nothing the second time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom(...Array.from('０１９Ａ　 \u200B1缺考')), fc.string()) }),
        (raw) => {
          fc.pre(!/^\s*['=]/.test(raw));
          const once = cleanCell(raw).value;
          fc.pre(!/^['=]/.test(once));
          expect(cleanCell(once)).toEqual({ value: once, changes: [] });
        },
      ),
    );
  });

  test('counts a change exactly when there is one', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('０１ \u30001\u200B2\'="')) }), (raw) => {
        const { value, changes } = cleanCell(raw);
        expect(changes.length > 0).toBe(value !== raw);
      }),
    );
  });

  test('is empty exactly for blank cells, but for what Excel puts around nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from(' \u3000\u200B\uFEFF\t1a')) }), (raw) => {
        expect(isBlank(raw)).toBe(cleanCell(raw).value === '');
      }),
    );
  });
});

describe('a component', () => {
  test('reads every mark that it can have, and no other, however often it is asked', () => {
    const component = preset('gaokao').components.find((c) => c.code === 'physics');
    if (component === undefined) throw new Error('no physics');
    const read = markReader(preset('gaokao'), component);
    for (let round = 0; round < 2; round += 1) {
      for (let mark = 0; mark <= 200; mark += 1) {
        const result = read(String(mark));
        expect(result).toEqual(
          mark < 40 || mark > 100
            ? { ok: false, code: 'mark-out-of-range' }
            : { ok: true, value: MARK_BASE + mark - 40, changes: [] },
        );
      }
    }
  });

  test('of a thousand grades keeps apart what differs in case alone', () => {
    const definition = definitionWith({
      components: [{ code: 'g', column: '等级', title: { zh: '等', en: 'g' }, grades: ['A', 'a', 'B'] }],
    });
    const [component] = definition.components;
    if (component === undefined) throw new Error('no component');
    const read = markReader(definition, component);
    expect([read('A'), read('a'), read('b')]).toEqual([
      { ok: true, value: MARK_BASE, changes: [] },
      { ok: true, value: MARK_BASE + 1, changes: [] },
      { ok: true, value: MARK_BASE + 2, changes: ['upper-case'] },
    ]);
  });
});
