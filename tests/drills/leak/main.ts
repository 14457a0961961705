/**
 * @module `npm run drill:leak`: canaries through loader and service, and a search for them in all that is left.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withRedis, type Installation } from '../../helpers/batch.ts';
import { ask } from '../../helpers/http1-client.ts';
import { startOtlpCollector, type OtlpCollector } from '../../helpers/otlp-collector.ts';
import { makeOwnInstallation } from '../../helpers/own-installation.ts';
import { RUNTIMES, startService, type RunningService, type Runtime } from '../../helpers/service.ts';
import { startOwnPostgres, startOwnRedis, type OwnServer } from '../../helpers/stores.ts';
import { oneOf, runDrill, wholeNumber, type Check, type Drill, type Outcome } from '../common/drill.ts';
import { shuffled } from '../common/guesses.ts';
import { preload } from '../common/installation.ts';
import { wechatEnvironment } from '../fuzz-api/set-up.ts';
import { Bystander } from './bystander.ts';
import { canaries, corrected, needlesFor, type Canary } from './canaries.ts';
import { Findings } from './findings.ts';
import { releaseAll } from './staff.ts';
import { searchPostgres, searchRedis } from './stores.ts';
import { lookup, nothingSeen, visitRightly, visitWrongly, type Seen } from './visitors.ts';

const SABOTAGES = ['talkative', 'spool'] as const;

const USAGE = `npm run drill:leak -- [options]

  --canaries <n>     candidates in the official file (1000)
  --runtime <name>   of the service: bun or node (both)
  --sabotage <name>  must fall short: talkative (a service that logs what it receives), spool (a loader that
                     keeps slips in a temporary file)
  --seed <n>         who asks wrongly
  --json             one JSON object on standard output, all else on standard error

Identity numbers, candidate numbers, names and marks that occur nowhere else, in plain, UTF-16, GB18030, hex, base64,
percent-encoded, escaped, and hashed: in what every verb and the service print and answer, metrics, traces, Redis's
dump, the folder of Postgres, reject files, temporary files, the process list. Linux only.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:leak -- --runtime bun --canaries 200 --seed 7
`;

/** Of other people than those in the official file. */
const FAULTY = 60;
/** Each asks wrongly in two dozen ways. */
const WRONG = 40;
const POLLS_MS = 2_500;
/** A machine with no time says 503 now and then. */
const LEAST_SLIPS = 0.99;

/** Places that must have been searched, and held something. */
const PLACES = [
  ...['Redis', 'logs', 'traces', 'metrics', 'process list', 'statements in Postgres', 'logs of the stores'],
  ...['reject files', 'what staff ask for', 'slips', 'headers of slips', 'answers to anything else'],
  ...['answers while a store is damaged or away', 'slips in Postgres', 'Postgres but for the slips'],
];
/** Where canaries belong: a search that does not find them there finds none anywhere. */
const CONTROLS = ['slips', 'slips in Postgres', 'reject files', 'what staff ask for', 'output of preview'];

await runDrill({
  name: 'leak',
  usage: USAGE,
  options: { canaries: { type: 'string' }, runtime: { type: 'string' }, sabotage: { type: 'string' } },
  run: leak,
});

interface Stage {
  readonly installation: Installation;
  readonly redis: OwnServer;
  readonly postgres: OwnServer;
  readonly folder: string;
  readonly temporary: string;
  readonly findings: Findings;
  readonly bystander: Bystander;
}

async function leak(drill: Drill): Promise<Outcome> {
  const { values, seed, stop, progress } = drill;
  const count = wholeNumber(values, 'canaries', { least: 100, usual: 1_000 });
  const only = oneOf(values, 'runtime', RUNTIMES);
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const everybody = canaries(count + FAULTY);
  const [list, faulty] = [everybody.slice(0, count), everybody.slice(count)];
  const changed = list.slice(0, Math.ceil(count / 20));
  const findings = new Findings(needlesFor(everybody));
  const stage = await setStage(drill, findings);

  const isSpooling = sabotage === 'spool';
  await progress('every verb, with sound and faulty files', () =>
    releaseAll({
      ...stage,
      env: isSpooling ? preload('node', new URL('./spool.mjs', import.meta.url)) : {},
      runtime: isSpooling ? 'node' : 'bun',
      list,
      changed,
      faulty,
    }),
  );
  stop.throwIfAborted();
  await progress('the dump of Redis', () => searchRedis(stage.redis.url, findings));

  const inForce = list.map((one, i) => (i < changed.length ? corrected(one) : one));
  const seen = nothingSeen();
  const env =
    sabotage === 'talkative'
      ? (runtime: Runtime) => preload(runtime, new URL('./talkative.mjs', import.meta.url))
      : () => ({});
  const runtimes = only === undefined ? RUNTIMES : [only];
  for (const runtime of runtimes) {
    stop.throwIfAborted();
    await progress(`lookups of all kinds on ${runtime}`, () =>
      serveAndVisit(drill, stage, {
        runtime,
        env: env(runtime),
        list: shuffled(inForce, seed),
        strangers: faulty,
        seen,
      }),
    );
  }
  await progress('the folder of Postgres', () => searchPostgres(stage.postgres.url, findings));
  const left = await stage.bystander.end();
  return judge({
    findings,
    seen,
    left,
    lookups: list.length * runtimes.length,
    looks: stage.bystander.looks,
  });
}

async function setStage({ undo, progress }: Drill, findings: Findings): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-leak-'));
  undo(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  return await progress('Postgres and Redis', async () => {
    const postgres = await startOwnPostgres();
    undo(postgres.discard);
    const redis = await startOwnRedis();
    undo(redis.discard);
    const installation = await makeOwnInstallation(postgres.url, redis.url);
    const bystander = await Bystander.begin(findings, temporary, postgres.url);
    undo(() => bystander.end());
    return { installation, redis, postgres, folder, temporary, findings, bystander };
  });
}

interface Visit {
  readonly runtime: Runtime;
  readonly env: Readonly<Record<string, string>>;
  readonly list: readonly Canary[];
  readonly strangers: readonly Canary[];
  readonly seen: Seen;
}

/** With all that a service can tell: the most talkative log, traces of every request, stores that go away. */
async function serveAndVisit(
  { undo }: Drill,
  { installation, redis, findings, bystander, temporary }: Stage,
  { runtime, env, list, strangers, seen }: Visit,
): Promise<void> {
  const collector = await startOtlpCollector();
  undo(collector.close);
  const service = await startService({
    runtime,
    databaseUrl: installation.serviceUrl,
    redisUrl: redis.url,
    pepperFile: installation.pepperFile,
    env: {
      LOG_LEVEL: 'debug',
      TRUSTED_PROXIES: '127.0.0.0/8',
      TMPDIR: temporary,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      ...wechatEnvironment(),
      ...env,
    },
  });
  undo(service.stop);
  bystander.follow(service.pid);
  const port = Number(new URL(service.url).port);
  const wrong = list.slice(0, WRONG);
  await visitRightly({ port, list, strangers, findings }, seen);
  await visitWrongly({ port, list: wrong, strangers, findings }, seen);
  await searchRedis(redis.url, findings);
  await withRedis(redis.url, damageAll);
  await visitDisturbed(port, list.slice(WRONG, 2 * WRONG), findings);
  await redis.stop();
  await visitDisturbed(port, list.slice(2 * WRONG), findings);
  await visitDisturbed(
    port,
    wrong.map((one, i) => ({ ...one, identityNumber: strangers[i]?.identityNumber ?? '' })),
    findings,
  );
  const metrics = await (await fetch(`${service.adminUrl}/metrics`)).text();
  findings.search({ name: 'metrics' }, metrics);
  await redis.start();
  await sleep(POLLS_MS);
  await searchEnd(service, collector, findings);
}

/** What a store holds of a slip becomes something else, and the service has to say so. */
async function damageAll(redis: Parameters<Parameters<typeof withRedis>[1]>[0]): Promise<void> {
  for (const key of await redis.keysBuffer('*'))
    if (key.length > 16 && (await redis.type(key)) === 'string') await redis.setrange(key, 0, 'damaged');
}

/** Whatever the answer is, a slip or "later", nothing of anybody else may be in it. */
async function visitDisturbed(port: number, list: readonly Canary[], findings: Findings): Promise<void> {
  for (const [n, canary] of list.slice(0, WRONG).entries()) {
    const answer = await ask(port, lookup(canary, 500_000 + n)).catch(() => undefined);
    if (answer === undefined) continue;
    const may = answer.status === 200 ? (['candidate number', 'name', 'mark'] as const) : [];
    findings.search(
      { name: 'answers while a store is damaged or away', may, owner: canary.owner },
      answer.body,
    );
    findings.search({ name: 'answers while a store is damaged or away' }, JSON.stringify(answer.headers));
  }
}

async function searchEnd(
  service: RunningService,
  collector: OtlpCollector,
  findings: Findings,
): Promise<void> {
  findings.search({ name: 'process list' }, readFileSync(`/proc/${service.pid}/cmdline`));
  await service.stop();
  await collector.close();
  findings.search({ name: 'logs' }, service.output());
  findings.search({ name: 'traces' }, collector.bytes());
}

function judge(run: {
  findings: Findings;
  seen: Seen;
  left: readonly string[];
  /** With right credentials. */
  lookups: number;
  looks: number;
}): Outcome {
  const { findings, seen, left, lookups, looks } = run;
  const { leaks, searched, expected } = findings;
  const unsearched = PLACES.filter((place) => (searched.get(place) ?? 0) === 0);
  const blind = CONTROLS.filter((place) => (expected.get(place) ?? 0) === 0);
  const megabytes = [...searched.values()].reduce((sum, bytes) => sum + bytes, 0) / 2 ** 20;
  const checks: Check[] = [
    {
      what: 'no canary is where it does not belong',
      seen: `${leaks.length === 0 ? 'none' : leaks.slice(0, 12).join('; ')}, in ${megabytes.toFixed(0)} MB of ${searched.size} places`,
      needed: 'none',
      holds: leaks.length === 0,
    },
    {
      what: 'every place was searched, and canaries found where they belong',
      seen:
        unsearched.length + blind.length === 0
          ? 'so it is'
          : `not searched: ${unsearched.join(', ')}; not found: ${blind.join(', ')}`,
      needed: 'so it is',
      holds: unsearched.length + blind.length === 0,
    },
    {
      what: 'right lookups have their slips',
      seen: `${seen.slips} slips for ${lookups} lookups; all answers by status: ${[...seen.statuses].map(([status, n]) => `${status} × ${n}`).join(', ')}`,
      needed: 'all but one in a hundred',
      holds: seen.slips >= lookups * LEAST_SLIPS,
    },
    {
      what: 'personal answers may not be kept',
      seen: `${seen.keepable} without no-store and private`,
      needed: '0',
      holds: seen.keepable === 0,
    },
    {
      what: 'a lookup by its URL is refused with 405',
      seen: `${seen.byUrl} were not`,
      needed: '0',
      holds: seen.byUrl === 0,
    },
    {
      what: 'no temporary file is left',
      seen: `${left.length}, after ${looks} looks while programs ran`,
      needed: '0',
      holds: left.length === 0,
    },
  ];
  return {
    checks,
    figures: {
      lookups,
      answers: seen.answers,
      searchedBytes: Object.fromEntries(searched),
      foundWhereTheyBelong: Object.fromEntries(expected),
      leaks,
    },
  };
}
