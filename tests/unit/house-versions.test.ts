import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly link?: boolean }>
  >;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as Manifest;
const { packages } = read('package-lock.json') as Lockfile;

/** Versions with known holes or faults end below these. */
const FLOORS: readonly (readonly [name: string, floor: string, why: string])[] = [
  ['hono', '4.12.25', 'CVE-2026-44456, CVE-2026-44457, CVE-2026-47674'],
  ['altcha-lib', '1.4.1', 'CVE-2025-68113'],
];

const declared: Readonly<Record<string, string>> = {
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.optionalDependencies,
};

/** Negative, zero or positive, by the three numbers; a version before a release is below it. */
function compare(a: string, b: string): number {
  const [numbersA = '', tagA] = a.split('-', 2);
  const [numbersB = '', tagB] = b.split('-', 2);
  const [x, y] = [numbersA.split('.').map(Number), numbersB.split('.').map(Number)];
  for (let i = 0; i < 3; i += 1) {
    const difference = (x[i] ?? Number.NaN) - (y[i] ?? Number.NaN);
    if (difference !== 0) return difference;
  }
  return Number(tagA === undefined) - Number(tagB === undefined);
}

test.for(FLOORS)('%s is at %s or later (%s), wherever it is in the lockfile', ([name, floor]) => {
  const locked = Object.entries(packages).filter(([path]) => path.endsWith(`node_modules/${name}`));
  const versions = [declared[name], ...locked.map(([, p]) => p.version)].filter((v) => v !== undefined);
  // Declared and locked, or neither.
  expect(versions.length).toBeGreaterThanOrEqual(name in declared ? 2 : 0);
  expect(versions.filter((version) => compare(version, floor) < 0)).toEqual([]);
});

test('the floor of the web framework is held against what is used', () => {
  expect(Object.keys(manifest.dependencies ?? {})).toContain('hono');
});

test('versions are compared by number, and a release is above its candidates', () => {
  expect(compare('4.12.3', '4.12.25')).toBeLessThan(0);
  expect(compare('4.13.0', '4.12.25')).toBeGreaterThan(0);
  expect(compare('5.0.0', '4.12.25')).toBeGreaterThan(0);
  expect(compare('4.12.25', '4.12.25')).toBe(0);
  expect(compare('4.12.25-rc.1', '4.12.25')).toBeLessThan(0);
});

test('every dependency is pinned to one version, and the lockfile has that one', () => {
  for (const [name, version] of Object.entries(declared)) {
    expect(`${name}@${version}`).toMatch(/@\d+\.\d+\.\d+(?:-[\w.]+)?$/);
    expect(packages[`node_modules/${name}`]?.version).toBe(version);
  }
});

test('every package of the lockfile has a checksum', () => {
  const without = Object.entries(packages).filter(
    ([path, p]) => path !== '' && p.link !== true && p.integrity === undefined,
  );
  expect(without.map(([path]) => path)).toEqual([]);
});
