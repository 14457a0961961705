import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runtimePath } from '../../infra/local/hand-over.mjs';

const house = fileURLToPath(new URL('../../', import.meta.url));

interface Visit {
  /** Where the import is written. */
  readonly room: string;
  readonly specifier: string;
  readonly isAllowed: boolean;
}

const visit = (isAllowed: boolean, room: string, ...specifiers: string[]): Visit[] =>
  specifiers.map((specifier) => ({ room, specifier, isAllowed }));

/** Nobody but the files of `service/` may import one another's. */
const BESIDE_THE_ROOMS = ['../config.ts', '../log.ts', '../main.ts', '../serve.ts', '../a-new-one.ts'];
/** Outside of `service/`. */
const ELSEWHERE = ['../../loader-cli/x.ts', '../../loadtest/x.ts', '../../infra/x.ts', '../../tests/x.ts'];
const ROOMS = ['results', 'lookup', 'http1', 'http', 'page', 'wechat', 'practice', 'tracing', 'supervisor'];

/** All that a room of `service/` must not import: every other room but those. */
const othersThan = (room: string, ...allowed: string[]): string[] => [
  ...ROOMS.filter((other) => ![room, ...allowed].includes(other)).map((other) => `../${other}/x.ts`),
  ...BESIDE_THE_ROOMS,
  ...ELSEWHERE,
];

/** Who may import whom (ARCHITECTURE.md). */
const VISITS: readonly Visit[] = [
  ...visit(true, 'service/results', './errors.ts', 'node:crypto', 'zod'),
  ...visit(false, 'service/results', '#results/errors.ts', '#lookup/lookup.ts', ...othersThan('results')),
  ...visit(true, 'service/lookup', '#results/errors.ts', './lookup.ts', 'ioredis'),
  ...visit(false, 'service/lookup', '#lookup/lookup.ts', ...othersThan('lookup')),
  ...visit(true, 'service/lookup/limits', '../soon.ts', '#results/limit-keys.ts'),
  ...visit(false, 'service/lookup/limits', '../../http/app.ts', '../../log.ts', '../../../infra/x.ts'),
  ...visit(true, 'service/http1', './connection.ts'),
  ...visit(false, 'service/http1', '#results/errors.ts', '#lookup/lookup.ts', ...othersThan('http1')),
  ...['http', 'page', 'wechat'].flatMap((room) => [
    ...visit(
      true,
      `service/${room}`,
      '../http1/answer.ts',
      '#results/errors.ts',
      '#lookup/lookup.ts',
      './own.ts',
      'hono',
    ),
    ...visit(false, `service/${room}`, ...othersThan(room, 'http1')),
  ]),
  ...visit(true, 'service/http/openapi', '../problems.ts', '../../http1/answer.ts', '#lookup/x.ts'),
  ...visit(false, 'service/http/openapi', '../../lookup/x.ts', '../../metrics.ts', '../../../tests/x.ts'),
  ...visit(
    true,
    'service/practice',
    '#results/errors.ts',
    '#lookup/lookup.ts',
    '../http/program.ts',
    '../http1/connection.ts',
    './own.ts',
  ),
  ...visit(false, 'service/practice', ...othersThan('practice', 'http', 'http1')),
  ...visit(
    true,
    'service/tracing',
    '#lookup/observer.ts',
    '../http/program.ts',
    '../http1/endpoint.ts',
    './own.ts',
    '@opentelemetry/api',
  ),
  ...visit(
    false,
    'service/tracing',
    '#results/errors.ts',
    '#lookup/lookup.ts',
    '../http/app.ts',
    '../http1/server.ts',
    ...othersThan('tracing'),
  ),
  ...visit(true, 'service/supervisor', '#lookup/observer.ts', '../http/admin.ts', './own.ts'),
  ...visit(
    false,
    'service/supervisor',
    '#results/errors.ts',
    '#lookup/lookup.ts',
    '../http/app.ts',
    ...othersThan('supervisor'),
  ),
  ...visit(true, 'service', './config.ts', './http/app.ts', '#lookup/lookup.ts', '#results/errors.ts'),
  ...visit(false, 'service', '../loader-cli/x.ts', '../loadtest/x.ts', '../infra/x.ts', '../tests/x.ts'),
  ...visit(true, 'loader-cli', '#results/errors.ts', './own.ts', 'commander'),
  ...visit(
    false,
    'loader-cli',
    '#lookup/lookup.ts',
    ...ROOMS.map((room) => `../service/${room}/x.ts`),
    '../service/main.ts',
    '../loadtest/x.ts',
    '../infra/x.ts',
    '../tests/x.ts',
  ),
  ...visit(true, 'loader-cli/commands', '../command.ts', '../pipeline/own.ts', '#results/errors.ts'),
  ...visit(
    false,
    'loader-cli/commands',
    '#lookup/lookup.ts',
    '../../service/results/errors.ts',
    '../../service/config.ts',
    '../../infra/x.ts',
  ),
  ...['loadtest/k6', 'loadtest/profiles'].flatMap((room) => [
    ...visit(true, room, './own.ts', '../profiles/own.ts', 'k6/http'),
    ...visit(
      false,
      room,
      '#results/errors.ts',
      '#lookup/lookup.ts',
      '../bench/x.ts',
      '../rehearse/x.ts',
      '../../service/results/errors.ts',
      '../../infra/x.ts',
    ),
  ]),
  ...visit(true, 'infra', '#results/errors.ts', '../service/config.ts', '../tests/x.ts'),
  ...visit(true, 'tests/unit', '#lookup/lookup.ts', '../../service/config.ts', '../../infra/x.ts'),
];

const fileOf = (i: number): string => join(VISITS[i]?.room ?? '', `visit-${i}.ts`);

let copy: string;
/** For each file of the copy, what the linter says of its import. */
const complaints = new Map<string, string[]>();

beforeAll(() => {
  // A copy of the house with nothing in it but the lint's rules and one file for each import.
  copy = mkdtempSync(join(tmpdir(), 'fangbang-house-'));
  const config = JSON.parse(readFileSync(join(house, '.oxlintrc.json'), 'utf8')) as Record<string, unknown>;
  // Types are none of this test's, and would need the whole house.
  writeFileSync(join(copy, '.oxlintrc.json'), JSON.stringify({ ...config, options: {} }));
  copyFileSync(join(house, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(house, 'node_modules'), join(copy, 'node_modules'));
  for (const [i, { specifier }] of VISITS.entries()) {
    mkdirSync(dirname(join(copy, fileOf(i))), { recursive: true });
    writeFileSync(
      join(copy, fileOf(i)),
      `import { thing } from '${specifier}';\n\nexport const use = thing;\n`,
    );
  }
  const oxlint = join(house, 'node_modules/oxlint/bin/oxlint');
  const { stdout, stderr } = spawnSync(runtimePath('node'), [oxlint, '--format', 'json', '.'], {
    cwd: copy,
    encoding: 'utf8',
  });
  const report = JSON.parse(stdout || `{"diagnostics":[],"fault":${JSON.stringify(stderr)}}`) as {
    diagnostics: { code: string; message: string; help?: string; filename: string }[];
    number_of_files: number;
  };
  if (report.number_of_files !== VISITS.length) throw new Error(`the linter did not run: ${stdout}${stderr}`);
  for (const { code, message, help, filename } of report.diagnostics) {
    if (code !== 'eslint(no-restricted-imports)') continue;
    complaints.set(filename, [...(complaints.get(filename) ?? []), `${message} ${help ?? ''}`]);
  }
});
afterAll(() => rmSync(copy, { recursive: true }));

test.for([...VISITS.entries()])('%s: %o', ([i, { isAllowed }]) => {
  const said = complaints.get(fileOf(i)) ?? [];
  expect(said).toHaveLength(isAllowed ? 0 : 1);
  expect(said.every((words) => words.includes('ARCHITECTURE.md'))).toBe(true);
});
