import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const K6 = new URL('../../loadtest/k6/', import.meta.url);

interface TestRun {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly parallelism: number;
    readonly arguments: string;
    readonly script: { readonly volumeClaim: { readonly file: string } };
  };
}

const manifest = parse(readFileSync(new URL('operator/test-run.yaml', K6), 'utf8')) as TestRun;
const known = new Set(
  [...readFileSync(new URL('variables.ts', K6), 'utf8').matchAll(/'([A-Z][A-Z_]+)'/g)].map(
    ([, name]) => name,
  ),
);

test('the example for the k6 operator is a TestRun of a script that exists, over several runners', () => {
  expect([manifest.apiVersion, manifest.kind]).toEqual(['k6.io/v1alpha1', 'TestRun']);
  expect(manifest.spec.parallelism).toBeGreaterThan(1);
  expect(existsSync(new URL(`../${manifest.spec.script.volumeClaim.file}`, K6))).toBe(true);
});

test('it sets only variables that the scripts read, and not those of instances started by hand', () => {
  const set = [...manifest.spec.arguments.matchAll(/-e ([A-Z_]+)=/g)].map(([, name]) => name);
  expect(set).toContain('CREDENTIALS');
  expect(set.filter((name) => !known.has(name))).toEqual([]);
  expect(set).not.toContain('INSTANCE');
});

test('every variable that the scripts read is in the README', () => {
  const readme = readFileSync(new URL('../README.md', K6), 'utf8');
  expect([...known].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  expect(known.size).toBeGreaterThan(10);
});
