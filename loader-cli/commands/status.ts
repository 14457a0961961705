/** `fangbang status` */
import type { Command } from 'commander';
import { addVerb } from '../command.ts';
import type { BatchStatus, Opening, RedisStatus, SeriesStatus, Status } from '../status-report.ts';
import { readRedisStatus, readStatus } from '../status-report.ts';
import { table } from '../table.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'status [series]',
    summary: 'where everything stands: batches, approvals, openings, Redis',
    example: ['fangbang status', 'fangbang status zj-gaokao-2026 --json'],
    run: async (ctx, [series]) => {
      const status = await readStatus(await ctx.database(), series);
      const redis = await readRedisStatus(
        ctx,
        status.series.flatMap(({ batches }) => batches),
      );
      for (const line of installationLines(status, redis)) ctx.say(line);
      for (const one of status.series) for (const line of seriesLines(one, redis)) ctx.say(line);
      if (status.series.length === 0) ctx.say('no series yet: fangbang series add');
      return { json: { ...status, redis } };
    },
  });
}

function installationLines({ now, epoch, allowSingle }: Status, redis: RedisStatus): string[] {
  const lines = [`${now}  epoch ${epoch}  ${redisWords(epoch, redis)}`];
  if (allowSingle) lines.push('one person may load and approve: demos and rehearsals only');
  return lines;
}

function redisWords(epoch: number, redis: RedisStatus): string {
  if (redis.state === 'none') return 'without Redis';
  if (redis.state === 'away') return `Redis is away: ${redis.reason ?? ''}`;
  if (redis.epoch === epoch) return `Redis has epoch ${epoch}`;
  return redis.epoch === null
    ? 'Redis has no epoch: instances raise it at their next poll'
    : `Redis has epoch ${redis.epoch}, NOT the one of Postgres`;
}

function seriesLines(series: SeriesStatus, redis: RedisStatus): string[] {
  const { current, next, previousBatch } = series;
  const lines = ['', `${series.series}  ${series.state}  definition version ${series.definitionVersion}`];
  if (series.announced !== null) lines.push(`  announced for ${series.announced.releaseAt ?? 'no time yet'}`);
  if (current !== null) lines.push(`  in force: ${openingWords(current)}`);
  if (next !== null) lines.push(`  next: ${openingWords(next)}`);
  if (previousBatch !== null) lines.push(`  a rollback opens batch ${previousBatch}`);
  if (series.batches.length === 0) return [...lines, '  no batches yet: fangbang load'];
  const head = [
    'batch',
    'candidates',
    'loaded by',
    'at',
    'approved by',
    'not before',
    'in Redis',
    'verified',
  ];
  const rows = series.batches.map((batch) => [
    String(batch.number) + (batch.corrects === null ? '' : ` (corrects ${batch.corrects})`),
    String(batch.candidates),
    batch.loadedBy,
    minute(batch.loadedAt),
    batch.approvedBy === null ? '-' : batch.approvedBy + (batch.single === true ? ' (rehearsal)' : ''),
    minute(batch.notBefore),
    warmWords(batch, redis),
    minute(batch.verifiedAt),
  ]);
  lines.push(...table(head, rows).map((line) => `  ${line}`));
  return [...lines, ...series.batches.map((batch) => `  batch ${batch.number} ${batch.checksum}`)];
}

function openingWords({ batch, opensAt, epoch }: Opening): string {
  return `${batch === null ? 'withdrawn' : `batch ${batch}`}, ${opensAt}, epoch ${epoch}`;
}

function warmWords(batch: BatchStatus, redis: RedisStatus): string {
  if (batch.warmedAt === null) return '-';
  if (redis.state === 'none') return 'no Redis';
  if (redis.state === 'away') return `warmed ${minute(batch.warmedAt)}`;
  return redis.warm[batch.number] === true ? minute(batch.warmedAt) : 'LOST: fangbang warm';
}

/** To the minute, in UTC; a dash for nothing. */
function minute(instant: string | null): string {
  return instant === null ? '-' : `${instant.slice(0, 16)}Z`;
}
