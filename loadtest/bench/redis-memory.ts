/**
 * @module Measures what one gaokao candidate costs in Redis: synthetic candidates through the loader's own
 * codec, seal and keys into a Redis of our own, which ends with us.
 *
 * Failure policy: exit code 1 when a candidate costs more than the limit, a value does not come back as it was
 * written, or Redis does not start; 2 for a wrong option; 130 when stopped.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis as RedisClient } from 'ioredis';
import { keep } from '../../infra/local/checkout.ts';
import { throwAwayFolder } from '../../infra/local/private-folder.ts';
import { findRedis } from '../../infra/local/redis-program.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { openSealed } from '#results/seal.ts';
import type { SealedCandidate } from './sealed-candidates.ts';
import { sealedCandidates } from './sealed-candidates.ts';

/** Bytes of Redis memory per candidate (design.md section 2.4 measured 139). */
const LIMIT_BYTES = 160;
/** Just behind 2¹⁷, where Redis's table has doubled and is emptiest; and a large series. */
const DEFAULT_SIZES = [132_000, 1_000_000] as const;
const CHUNK = 5_000;

const USAGE = `npm run bench:redis-memory -- [options]

  --candidates <n,…>  measure with so many candidates (${DEFAULT_SIZES.join(',')})
  --json              one JSON object on standard output

Exit codes: 0 within ${LIMIT_BYTES} bytes of Redis memory per candidate, 1 above or not measured, 2 wrong options.

Example: npm run bench:redis-memory -- --candidates 132000`;

interface Measurement {
  readonly candidates: number;
  /** (used_memory − that of the empty server) / candidates, when no table is being moved any more. */
  readonly bytesPerCandidate: number;
  /** The same of the process's resident memory. */
  readonly residentBytesPerCandidate: number;
  readonly sealedBytes: { readonly mean: number; readonly largest: number };
  /** Share of values within 44 bytes, which Redis keeps in one piece with their object's head. */
  readonly embeddedShare: number;
  readonly seconds: number;
  readonly redis: string;
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'number') return options;
  const measurements: Measurement[] = [];
  for (const candidates of options.sizes) {
    const measured = await measure(candidates);
    measurements.push(measured);
    if (!options.json) show(measured);
  }
  const isWithin = measurements.every((m) => m.bytesPerCandidate <= LIMIT_BYTES);
  if (options.json) console.log(JSON.stringify({ limitBytes: LIMIT_BYTES, isWithin, measurements }));
  else
    console.log(isWithin ? `within ${LIMIT_BYTES} B per candidate` : `ABOVE ${LIMIT_BYTES} B per candidate`);
  return isWithin ? 0 : 1;
}

/** The options, or the exit code when there is nothing to do. */
function readOptions(args: string[]): { sizes: readonly number[]; json: boolean } | number {
  try {
    const { values } = parseArgs({
      args,
      options: { candidates: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help === true) {
      console.log(USAGE);
      return 0;
    }
    const sizes = values.candidates?.split(',').map(Number) ?? DEFAULT_SIZES;
    if (!sizes.every((n) => Number.isInteger(n) && n >= 1_000 && n <= 20_000_000))
      throw new Error('--candidates takes whole numbers from 1000 to 20000000');
    return { sizes, json: values.json === true };
  } catch (fault) {
    console.error(`${fault instanceof Error ? fault.message : String(fault)}\n\n${USAGE}`);
    return 2;
  }
}

/** On a server of its own, so that what an earlier size left behind is not counted. */
async function measure(candidates: number): Promise<Measurement> {
  const startedAtMs = performance.now();
  const folder = throwAwayFolder('redis-memory', undefined);
  const program = await findRedis({
    searchPath: process.env['PATH'] ?? '',
    folder: join(keep('redis'), 'program'),
    say: console.error,
  });
  const server = await startRedis({ program, folder: folder.path, logFile: join(folder.path, 'log') });
  const redis = new RedisClient(server.url);
  try {
    const nonceSalt = randomBytes(8);
    const before = await memoryOf(redis);
    const sizes = { sum: 0, largest: 0, embedded: 0 };
    for (const chunk of chunksOf(sealedCandidates(candidates, nonceSalt))) {
      const pipeline = redis.pipeline();
      for (const { key, sealed } of chunk) {
        pipeline.set(key, sealed);
        sizes.sum += sealed.length;
        sizes.largest = Math.max(sizes.largest, sealed.length);
        if (sealed.length <= 44) sizes.embedded += 1;
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    }
    await readBack(redis, candidates, nonceSalt);
    if ((await redis.dbsize()) !== candidates) throw new Error('Redis holds another number of keys');
    const after = await memoryOf(redis);
    return {
      candidates,
      bytesPerCandidate: round((after.used - before.used) / candidates),
      residentBytesPerCandidate: round((after.resident - before.resident) / candidates),
      sealedBytes: { mean: round(sizes.sum / candidates), largest: sizes.largest },
      embeddedShare: Math.round((sizes.embedded / candidates) * 10_000) / 10_000,
      seconds: round((performance.now() - startedAtMs) / 1000),
      redis: after.version,
    };
  } finally {
    redis.disconnect();
    await server.stop();
    folder.remove();
  }
}

/**
 * Every value opens to what was sealed. It also ends Redis's incremental move to a larger table: each look-up
 * moves one bucket on, and there are at least as many candidates as the old table had buckets.
 */
async function readBack(redis: RedisClient, candidates: number, nonceSalt: Buffer): Promise<void> {
  for (const chunk of chunksOf(sealedCandidates(candidates, nonceSalt))) {
    const values = await redis.mgetBuffer(chunk.map(({ key }) => key));
    for (const [i, { digest, nonce, payload }] of chunk.entries()) {
      const value = values[i];
      if (value === null || value === undefined || openSealed(digest, nonce, value)?.equals(payload) !== true)
        throw new Error('a value did not come back as it was written');
    }
  }
}

async function memoryOf(redis: RedisClient): Promise<{ used: number; resident: number; version: string }> {
  const info = `${await redis.info('memory')}\n${await redis.info('server')}`;
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
  const used = Number(field('used_memory'));
  const resident = Number(field('used_memory_rss'));
  if (!(used > 0 && resident > 0)) throw new Error('Redis does not say how much memory it uses');
  return { used, resident, version: `${field('redis_version')}, ${field('mem_allocator')}` };
}

function* chunksOf(candidates: Iterable<SealedCandidate>): Generator<SealedCandidate[]> {
  let chunk: SealedCandidate[] = [];
  for (const candidate of candidates) {
    chunk.push(candidate);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function show(m: Measurement): void {
  console.log(
    `${m.candidates.toLocaleString('en')} candidates: ${m.bytesPerCandidate} B each in Redis, ${m.residentBytesPerCandidate} B resident; ` +
      `sealed ${m.sealedBytes.mean} B on average, ${m.sealedBytes.largest} at most, ${(m.embeddedShare * 100).toFixed(2)}% within 44 ` +
      `(Redis ${m.redis}; ${m.seconds} s)`,
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// The server and its folder end with us, however we end: their guardian sees to it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (fault) {
  console.error(fault instanceof Error ? fault.message : String(fault));
  process.exitCode = 1;
}
