/**
 * @module What a load test needs: the real service with an open batch in real stores, and the credentials file
 * with the truth, which the test writes from the candidates and not from what the service says.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestCandidate } from '../batch.ts';
import {
  expectedMarks,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
  publishBatch,
} from '../batch.ts';
import type { RunningService } from '../service.ts';
import { startService } from '../service.ts';
import { redisDatabase } from '../stores.ts';

export interface LoadedService {
  readonly series: string;
  readonly service: RunningService;
  /** A folder for files of the test, removed at the end. */
  readonly folder: string;
  /** Absolute path. */
  readonly credentialsFile: string;
  /** Moves the opening of the batch: so many milliseconds from now, and on to the next whole second. */
  readonly publishIn: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Many enough that the wrong guesses of several runs do not add up on one. */
const CANDIDATES = 2_000;

/** Loads and opens a batch, now or later, and starts the service on it. */
export async function startLoadedService(
  series: string,
  options: { readonly opensInMs?: number | 'now' } = {},
): Promise<LoadedService> {
  const redis = await redisDatabase();
  const installation = await makeInstallation(redis.url);
  const definition = presetDefinition('gaokao', series);
  const candidates = gaokaoCandidates(definition, CANDIDATES);
  const batch = await openBatch(installation, definition, candidates, options.opensInMs ?? 'now');
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-load-'));
  const credentialsFile = join(folder, 'sample.credentials.csv');
  const record = (candidate: TestCandidate): string => {
    const { candidateNumber = '', identityNumber = '' } = candidate.credentials;
    const truth = JSON.stringify(truthOf(expectedMarks(definition, candidate)));
    return `${candidateNumber},${identityNumber},"${truth.replaceAll('"', '""')}"\n`;
  };
  writeFileSync(
    credentialsFile,
    `candidateNumber,identityNumber,expected\n${candidates.map(record).join('')}`,
  );
  const service = await startService({
    runtime: 'bun',
    databaseUrl: installation.serviceUrl,
    redisUrl: redis.url,
    pepperFile: installation.pepperFile,
    // Each candidate comes from an address of its own.
    env: { TRUSTED_PROXIES: '127.0.0.1/32' },
  });
  return {
    series,
    service,
    folder,
    credentialsFile,
    publishIn: async (ms) => {
      const nowMs = Date.now();
      // The service tells of a release to the second.
      await publishBatch(installation, batch, Math.ceil((nowMs + ms) / 1_000) * 1_000 - nowMs);
    },
    close: async () => {
      await service.stop();
      await installation.database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The column `expected`, from the marks that the answer must have. */
function truthOf(marks: Record<string, unknown>): unknown {
  const { candidate, components, total, rank } = marks as {
    candidate: unknown;
    components: { code: string; score: number }[];
    total: { score: number };
    rank: number;
  };
  return {
    candidate,
    status: 'scored',
    components: components.map(({ code, score }) => [code, score]),
    total: total.score,
    rank,
  };
}
