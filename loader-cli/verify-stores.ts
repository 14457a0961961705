/**
 * Every entry of a batch in Postgres, and in Redis: can it be read, is it the same.
 */
import { StoredChecksum } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import { slipKey } from '#results/redis-keys.ts';
import type { SealNonce } from '#results/seal.ts';
import { makeSealNonce, openSealed } from '#results/seal.ts';
import type { SlipCodec } from '#results/slip-codec.ts';
import { makeSlipCodec } from '#results/slip-codec.ts';
import type { Batch, Entry } from './batches.ts';
import type { CommandContext } from './command.ts';
import type { Database } from './database.ts';
import { entryBlocks, readBatchTable } from './entry-blocks.ts';
import type { EntryPrints } from './pipeline/entry-prints.ts';
import type { RedisWriter } from './redis.ts';

export interface StoresCompared {
  readonly entries: number;
  /** Of what Postgres holds now. */
  readonly storedChecksum: Buffer;
  /** Entries whose slip does not have the form of the definition, or another candidate's number. */
  readonly unreadable: number;
  readonly missingInRedis: number;
  /** There, but not sealed for this candidate and batch, or another slip. */
  readonly alteredInRedis: number;
}

/**
 * @param redis undefined compares nothing with it.
 * @param prints gets every entry that Postgres holds.
 */
export async function compareStores(
  ctx: CommandContext,
  database: Database,
  redis: RedisWriter | undefined,
  batch: Batch,
  definition: SeriesDefinition,
  prints?: EntryPrints,
): Promise<StoresCompared> {
  const codec = makeSlipCodec(definition);
  const nonce = makeSealNonce(batch.codecVersion, batch.nonceSalt);
  const checksum = new StoredChecksum();
  const counts = { entries: 0, unreadable: 0, missingInRedis: 0, alteredInRedis: 0 };
  const progress = ctx.progress(`verifying batch ${batch.number}`, batch.entries);
  const table = await readBatchTable(database, batch);
  for await (const { entries: page } of entryBlocks(database, batch, table)) {
    ctx.signal.throwIfAborted();
    const asked = redis?.getMany(page.map(({ digest }) => slipKey(batch.number, digest)));
    // Awaited below, after the work that needs no answer.
    asked?.catch(() => {});
    for (const entry of page) {
      const hash = checksum.add(entry.digest, entry.credentialSet, entry.candidateNumber, entry.payload);
      prints?.add(entry.digest, hash);
      if (!isReadable(codec, entry)) counts.unreadable += 1;
    }
    const sealed = await asked;
    if (sealed !== undefined) {
      for (const [i, entry] of page.entries()) {
        const found = sealed[i] ?? undefined;
        if (found === undefined) counts.missingInRedis += 1;
        else if (!isSame(entry, nonce, found)) counts.alteredInRedis += 1;
      }
    }
    counts.entries += page.length;
    progress.advance(page.length);
  }
  progress.done();
  return { ...counts, storedChecksum: checksum.digest() };
}

function isSame(entry: Entry, nonce: SealNonce, sealed: Buffer): boolean {
  return openSealed(entry.digest, nonce, sealed)?.equals(entry.payload) === true;
}

function isReadable(codec: SlipCodec, entry: Entry): boolean {
  try {
    return codec.read(entry.payload).isOf(entry.candidateNumber);
  } catch (error) {
    if (error instanceof FangbangError) return false;
    throw error;
  }
}
