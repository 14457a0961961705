/**
 * What the service reads of publications in Postgres: the state, definitions, membership filters.
 *
 * Failure policy: every function rejects when Postgres is away, too slow (the pool's timeouts) or
 * answers with something else than its form; the caller keeps what it has and tries again.
 */
import type pg from 'pg';
import { z } from 'zod';
import { FangbangError } from '#results/errors.ts';

const hex = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const counted = z.number().int().nonnegative();

const batchSchema = z.object({
  number: z.number().int().positive(),
  definitionVersion: z.number().int().positive(),
  pepperFingerprint: hex(8),
  nonceSalt: hex(8),
  codecVersion: counted,
  candidates: counted,
  entries: counted,
  filterBits: counted,
  filterSha256: hex(32),
  rehearsal: z.boolean(),
});

const actSchema = z.object({
  epoch: counted,
  opensAtMs: z.number(),
  corrected: z.boolean().nullable(),
  /** Null when the act is a withdrawal. */
  batch: batchSchema.nullable(),
});

const stateSchema = z.object({
  nowMs: z.number().positive(),
  epoch: counted,
  series: z.array(
    z.object({
      id: z.string(),
      announced: z
        .object({ definitionVersion: z.number().int().positive(), releaseAtMs: z.number().nullable() })
        .nullable(),
      current: actSchema.nullable(),
      next: actSchema.nullable(),
      previous: batchSchema.nullable(),
    }),
  ),
});

/** fangbang.service_state() as it is described in the migration. Times are milliseconds since 1970. */
export type ServiceState = z.infer<typeof stateSchema>;
export type SeriesFacts = ServiceState['series'][number];
export type ActFacts = z.infer<typeof actSchema>;
export type BatchFacts = z.infer<typeof batchSchema>;

export interface PublicationSource {
  /** @throws FangbangError `stored-data-damaged` for an answer of another form; errors of pg. */
  readState(): Promise<ServiceState>;
  /**
   * The YAML of a definition; of the latest version when `version` is undefined.
   * @throws FangbangError `stored-data-damaged` when there is none; errors of pg.
   */
  readDefinition(series: string, version: number | undefined): Promise<string>;
  /** The chunks of a batch's filter in their order; errors of pg. */
  readFilterChunks(batch: number): Promise<Buffer[]>;
}

/** Reads through a pool whose login is a member of fangbang_service. */
export function postgresPublicationSource(pool: pg.Pool): PublicationSource {
  return {
    async readState() {
      const result = await pool.query<{ state: unknown }>('select fangbang.service_state() as state');
      const parsed = stateSchema.safeParse(result.rows[0]?.state);
      if (!parsed.success) {
        throw new FangbangError('stored-data-damaged', 'the state of the publications has another form', {
          hint: 'database and service are of different versions: fangbang db migrate',
        });
      }
      return parsed.data;
    },

    async readDefinition(series, version) {
      const result = await pool.query<{ source: string }>(
        `select source from fangbang.definition
          where series = $1 and ($2::integer is null or version = $2) order by version desc limit 1`,
        [series, version ?? null],
      );
      const source = result.rows[0]?.source;
      if (source === undefined)
        throw new FangbangError('stored-data-damaged', `series ${series} has no such definition`);
      return source;
    },

    async readFilterChunks(batch) {
      // One by one: a chunk is 1 MB, a filter of 13 million entries 26, and each has the pool's
      // timeout for itself.
      const chunks: Buffer[] = [];
      for (;;) {
        const result = await pool.query<{ bytes: Buffer }>(
          'select bytes from fangbang.filter_chunk where batch = $1 and index = $2',
          [batch, chunks.length],
        );
        const bytes = result.rows[0]?.bytes;
        if (bytes === undefined) return chunks;
        chunks.push(bytes);
      }
    },
  };
}
