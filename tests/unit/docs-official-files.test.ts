/**
 * @module docs/official-files.md, the one table of what happens to official files, is whole.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REJECT_CODES } from '../../loader-cli/pipeline/reject-codes.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/official-files.md');
const named = new Set([...page.matchAll(/`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`/g)].map(([, code]) => code));

test('it has every reject code', () => {
  expect(REJECT_CODES.filter((code) => !named.has(code))).toEqual([]);
});

test('it has every kind of normalisation that a report counts', () => {
  const kinds = [
    ...(
      /export type Normalisation =\n(.*?);/s.exec(read('service/results/credentials.ts'))?.[1] ?? ''
    ).matchAll(/'([a-z-]+)'/g),
    ...(/export type Change =\n(.*?);\n/s.exec(read('loader-cli/pipeline/cells.ts'))?.[1] ?? '').matchAll(
      /'([a-z-]+)'/g,
    ),
  ].map(([, kind]) => kind ?? '');
  expect(kinds.length).toBeGreaterThan(10);
  expect(kinds.filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});

test('it names no code that does not exist', () => {
  const known = new Set<string>([
    ...REJECT_CODES,
    'full-width',
    'zero-width',
    'upper-case',
    'compatibility-form',
    'excel-apostrophe',
    'excel-formula',
    'decimal-zero',
    'leading-zeros',
    'marks-not-stored',
    'trailing-empty-columns',
  ]);
  expect([...named].filter((code) => code !== undefined && !known.has(code))).toEqual([]);
});
