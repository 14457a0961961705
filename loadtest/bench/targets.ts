/**
 * What the figures are held against (CPU per request of a row by another's, medians of paired turns).
 */
import type { RowName } from './rows.ts';

export interface Target {
  readonly row: RowName;
  readonly of: RowName;
  readonly atMost: number;
}

export const TARGETS: readonly Target[] = [
  { row: 'fangbang-bun', of: 'nginx-lua-redis-equal', atMost: 0.75 },
  { row: 'fangbang-bun', of: 'nginx-lua-redis', atMost: 1 },
  { row: 'fangbang-bun', of: 'fastify', atMost: 0.6 },
  { row: 'fangbang-bun', of: 'express', atMost: 0.25 },
  { row: 'fangbang-node', of: 'nginx-lua-redis', atMost: 2 },
  ...(['bun', 'node'] as const).flatMap((runtime): Target[] => [
    { row: `fangbang-${runtime}-wrong`, of: `fangbang-${runtime}`, atMost: 1.2 },
    { row: `fangbang-${runtime}-unreleased`, of: `fangbang-${runtime}`, atMost: 0.5 },
    { row: `fangbang-${runtime}-shed`, of: `fangbang-${runtime}`, atMost: 0.5 },
    { row: `fangbang-${runtime}-two`, of: `fangbang-${runtime}-one`, atMost: 1.1 },
    { row: `fangbang-${runtime}-many`, of: `fangbang-${runtime}-10k`, atMost: 1.1 },
  ]),
];

/** Rows that every other row is compared with. */
export const REFERENCES: readonly RowName[] = [
  'nginx-lua-redis',
  'nginx-lua-redis-equal',
  'fastify',
  'express',
  'fangbang-bun',
  'fangbang-node',
  'fangbang-bun-one',
  'fangbang-node-one',
  'fangbang-bun-10k',
  'fangbang-node-10k',
];
