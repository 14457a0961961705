/**
 * @module What all contestants share: a throw-away Postgres and Redis of the bench's own, the released series,
 * and for the peers the finished documents in the same Redis.
 *
 * Failure policy: what cannot be had is a SetupError; what was started until then is stopped by `close`.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { CliOptions } from '../../infra/local/fangbang-cli.ts';
import { runVerb } from '../../infra/local/fangbang-cli.ts';
import { cliTime } from '../../infra/local/cli-time.ts';
import { runtimePath } from '../../infra/local/hand-over.mjs';
import { ensureDatabase, ensureLogins } from '../../infra/local/logins.ts';
import { throwAwayFolder } from '../../infra/local/private-folder.ts';
import type { Progress } from '../../infra/local/progress.ts';
import { SetupError } from '../../infra/local/setup-error.ts';
import { bringUpStores } from '../../infra/local/stores.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { differences, parseJson } from '../profiles/truth.ts';
import { askAll } from './ask.ts';
import type { Cores } from './cores.ts';
import { pin } from './cores.ts';
import { startFangbang } from './fangbang.ts';
import { documentKeys } from './peers/document-key.mjs';
import type { Persons } from './release.ts';
import { release } from './release.ts';
import { lookupRequest } from './requests.ts';

/** A series and the candidates whose credentials are sent. */
export interface OpenSeries {
  readonly id: string;
  readonly candidates: readonly Candidate[];
}

export interface Stage {
  /** Throw-away; for logs, request files and the contestants' own files. */
  readonly folder: string;
  readonly redisUrl: string;
  /** URL of the service's login. */
  readonly databaseUrl: string;
  readonly pepperFile: string;
  readonly open: OpenSeries;
  /** Id of a series that opens tomorrow. */
  readonly unreleased: string;
  /** For --candidates. */
  readonly small: OpenSeries | undefined;
  readonly many: OpenSeries | undefined;
  /** The finished answers, in the order of the open series' candidates. */
  readonly documents: readonly string[];
}

export interface StageOptions {
  readonly credentials: number;
  readonly candidates: number | undefined;
  readonly cores: Cores;
  readonly searchPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
  /** Takes what is to be undone at the end, the last first. */
  readonly undo: (step: () => Promise<void> | void) => void;
}

export const OPEN_SERIES = 'zj-gaokao-2026';
const UNRELEASED_SERIES = 'zj-gaokao-2027';
const SMALL = 10_000;
const DAY_MS = 86_400_000;
const ROUNDS_OF_ASKING = 5;

/** Sets everything up; Redis and Postgres are on the load's core, this process on all of them. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { cores, progress, env, stop, undo, credentials } = options;
  const folder = throwAwayFolder('bench', undefined);
  undo(folder.remove);
  // What they start from now on inherits the core.
  await pin(process.pid, [cores.load]);
  const stores = await progress('Postgres and Redis', () =>
    bringUpStores({
      persistent: false,
      databaseUrl: undefined,
      redisUrl: undefined,
      searchPath: options.searchPath,
      say: options.say,
    }),
  );
  undo(stores.stop);
  await pin(process.pid, cores.all);
  stop.throwIfAborted();

  const ownerUrl = await ensureDatabase(stores.databaseUrl, 'fangbang');
  const pepperFile = join(folder.path, 'pepper');
  writeFileSync(pepperFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const as = (databaseUrl: string): CliOptions => ({
    runtime: runtimePath('fastest'),
    env: {
      PATH: env['PATH'],
      HOME: env['HOME'],
      DATABASE_URL: databaseUrl,
      REDIS_URL: stores.redisUrl,
      FANGBANG_PEPPER_FILE: pepperFile,
    },
    abort: stop,
  });
  await runVerb(['db', 'migrate'], as(ownerUrl));
  const logins = await ensureLogins(ownerUrl, {
    passwordsFile: join(folder.path, 'logins.json'),
    ownServer: true,
  });
  const persons: Persons = { asLoader: as(logins.loader), asApprover: as(logins.approver) };
  const releaseOf = (id: string, rows: number, at = 'now'): Promise<Candidate[]> =>
    progress(`${rows.toLocaleString('en')} candidates of ${id}, through the CLI`, () =>
      release(persons, { id, rows, at, folder: folder.path }),
    );

  const candidates = await releaseOf(OPEN_SERIES, credentials);
  await releaseOf(UNRELEASED_SERIES, 1_000, cliTime(Date.now() + DAY_MS));
  const extra = async (id: string, rows: number | undefined): Promise<OpenSeries | undefined> =>
    rows === undefined ? undefined : { id, candidates: await releaseOf(id, rows) };
  const many = options.candidates;
  const set = {
    folder: folder.path,
    redisUrl: stores.redisUrl,
    databaseUrl: logins.service,
    pepperFile,
    open: { id: OPEN_SERIES, candidates },
    unreleased: UNRELEASED_SERIES,
    small: await extra('bench-small', many === undefined ? undefined : SMALL),
    many: await extra('bench-many', many),
  };
  const documents = await progress('asking our service for every answer, for the peers to serve', () =>
    makeDocuments(set, options),
  );
  return { ...set, documents };
}

/**
 * The peers' documents: the answers of our service, each compared with the truth, under the keys that the peers
 * compute.
 */
async function makeDocuments(stage: Omit<Stage, 'documents'>, options: StageOptions): Promise<string[]> {
  const { open } = stage;
  const service = await startFangbang(stage, { runtime: 'bun', cores: options.cores.all, name: 'documents' });
  const documents: string[] = [];
  let wrong = 0;
  let places = open.candidates.map((_, place) => place);
  try {
    // A machine that others keep busy makes it turn some away: these are asked again.
    for (let round = 0; round < ROUNDS_OF_ASKING && places.length > 0; round += 1) {
      const turnedAway: number[] = [];
      const asked = places;
      const requests = asked.map((place) =>
        lookupRequest(open.id, open.candidates[place]?.credentials ?? {}),
      );
      await askAll(service.port, requests, ({ status, body }, i) => {
        options.stop.throwIfAborted();
        const place = asked[i] ?? 0;
        const expected = open.candidates[place]?.expected;
        if (status === 503) turnedAway.push(place);
        else if (status !== 200 || expected === undefined) wrong += 1;
        else if (differences(parseJson(body), open.id, expected).length > 0) wrong += 1;
        documents[place] = body;
      });
      places = turnedAway;
    }
    wrong += places.length;
  } finally {
    await service.stop();
  }
  if (wrong > 0)
    throw new SetupError(`Our service gave ${wrong} wrong answers: there is nothing to measure.`);
  await storeDocuments(stage, documents);
  return documents;
}

async function storeDocuments(stage: Omit<Stage, 'documents'>, documents: readonly string[]): Promise<void> {
  const redis = new Redis(stage.redisUrl, { retryStrategy: null });
  redis.on('error', () => {});
  const keysOf = documentKeys(stage.pepperFile);
  try {
    // nginx with our duties learns publications from here: when the series opens, in seconds since 1970.
    const opensAt = { [stage.open.id]: 0, [stage.unreleased]: Math.round((Date.now() + DAY_MS) / 1_000) };
    await redis.set('bench:releases', JSON.stringify(opensAt));
    for (let from = 0; from < documents.length; from += 1_000) {
      const pipeline = redis.pipeline();
      for (const [i, document] of documents.slice(from, from + 1_000).entries()) {
        const credentials = stage.open.candidates[from + i]?.credentials;
        const { binary, text } = keysOf(
          stage.open.id,
          credentials?.['candidateNumber'] ?? '',
          credentials?.['identityNumber'] ?? '',
        );
        pipeline.set(binary, document).set(text, document);
      }
      await pipeline.exec();
    }
  } finally {
    redis.disconnect();
  }
}
