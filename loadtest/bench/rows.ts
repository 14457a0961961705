/**
 * The rows of the table, and what stands behind each.
 */

export interface Row {
  readonly name: string;
  readonly about: string;
  /** Only measured when the option of this name is given. */
  readonly onRequest?: 'two' | 'candidates';
}

export const ROWS = [
  { name: 'fangbang-bun', about: 'our service on Bun, as users run it' },
  { name: 'fangbang-node', about: 'our service on Node, as users run it' },
  { name: 'nginx-lua-redis', about: 'nginx + Lua + Redis: HMAC, one GET, the stored document; no checks' },
  { name: 'nginx-lua-redis-equal', about: 'nginx + Lua + Redis with our duties, but for the unsealing' },
  { name: 'webdis', about: 'webdis: one GET of the stored document; no authentication at all' },
  { name: 'fastify', about: 'Fastify + ioredis on Node: HMAC, one GET, the stored document' },
  { name: 'express', about: 'Express + ioredis on Node: HMAC, one GET, the stored document' },
  { name: 'bun-constant', about: 'Bun answering the same document always' },
  { name: 'node-constant', about: 'Node answering the same document always' },
  { name: 'nginx-constant', about: 'nginx answering the same document always' },
  { name: 'fangbang-bun-wrong', about: 'wrong guesses (404), each of another number and address' },
  { name: 'fangbang-node-wrong', about: 'wrong guesses (404), each of another number and address' },
  { name: 'fangbang-bun-unreleased', about: 'a series that is not released (403)' },
  { name: 'fangbang-node-unreleased', about: 'a series that is not released (403)' },
  { name: 'fangbang-bun-shed', about: 'overloaded: MAX_IN_FLIGHT=1, nearly all turned away (503)' },
  { name: 'fangbang-node-shed', about: 'overloaded: MAX_IN_FLIGHT=1, nearly all turned away (503)' },
  { name: 'fangbang-bun-one', about: 'one instance and its load on one core', onRequest: 'two' },
  { name: 'fangbang-bun-two', about: 'two of these, on a core each', onRequest: 'two' },
  { name: 'fangbang-node-one', about: 'one instance and its load on one core', onRequest: 'two' },
  { name: 'fangbang-node-two', about: 'two of these, on a core each', onRequest: 'two' },
  { name: 'fangbang-bun-10k', about: 'a series of 10,000 candidates', onRequest: 'candidates' },
  { name: 'fangbang-bun-many', about: 'a series of --candidates candidates', onRequest: 'candidates' },
  { name: 'fangbang-node-10k', about: 'a series of 10,000 candidates', onRequest: 'candidates' },
  { name: 'fangbang-node-many', about: 'a series of --candidates candidates', onRequest: 'candidates' },
] as const satisfies readonly Row[] as readonly (Row & { readonly name: RowName })[];

export type RowName =
  | 'nginx-lua-redis'
  | 'nginx-lua-redis-equal'
  | 'webdis'
  | 'fastify'
  | 'express'
  | `${'bun' | 'node' | 'nginx'}-constant`
  | `fangbang-${'bun' | 'node'}${'' | '-wrong' | '-unreleased' | '-shed' | '-one' | '-two' | '-10k' | '-many'}`;

export function isRowName(name: string): name is RowName {
  return ROWS.some((row) => row.name === name);
}
