/**
 * @module `npm start`: the whole of Fangbang on this machine, with a demo series that is open.
 *
 * Postgres and Redis are those of DATABASE_URL and REDIS_URL; without them our own are started, Postgres with
 * its data under `.fangbang/`. DATABASE_URL needs the rights to create roles, and is refused when it holds
 * results of others. HOST, PORT and ADMIN_PORT are
 * where the service listens; FANGBANG_RUNTIME=node runs it on Node in place of Bun.
 *
 * Failure policy: whatever can't be had ends this with exit code 1 and a sentence that says what to do. On
 * Ctrl-C, on a fault and when one of its parts ends, all that was started is stopped, in reverse order. What
 * an earlier run left after a sudden death is taken over.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkout, keep } from './checkout.ts';
import {
  batchesInUse,
  demoCredentialsFile,
  demoIsLoaded,
  demoSeries,
  loadDemo,
  oneCandidate,
  refuseForeignResults,
} from './demo.ts';
import { runVerb, type CliOptions } from './fangbang-cli.ts';
import { chosenRuntime, RUNTIME_FAULT, runtimePath } from './hand-over.mjs';
import { ensureDatabase, ensureLogins, onPostgres, type Logins } from './logins.ts';
import { claimCheckout } from './one-at-a-time.ts';
import { ensurePepperFile, pepperFileMark } from './pepper.ts';
import { requireFreePort } from './port.ts';
import { progressOn } from './progress.ts';
import { startService } from './service.ts';
import { SetupError, sentenceFor } from './setup-error.ts';
import { bringUpStores } from './stores.ts';

/** What a person has chosen by the environment. */
interface Choices {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly runtime: 'node' | 'fastest';
}

/** Ended by a signal: no fault, nothing to say. */
class Interrupted extends Error {}

const environment = process.env;
const interruption = new AbortController();
const interrupted = new Promise<NodeJS.Signals>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The second Ctrl-C is the first one passed on by npm; everything that we wait for has its own limit.
    process.on(signal, () => {
      resolve(signal);
      interruption.abort();
    });
  }
});
// The terminal, or the program that reads us, may go before we do.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

/** What is to be undone, the last first. */
const undo: (() => Promise<void> | void)[] = [];

try {
  await start(choicesIn(environment));
} catch (fault) {
  process.exitCode = 1;
  if (interruption.signal.aborted) process.exitCode = 130;
  else console.error(`\nfangbang: ${sentenceFor(fault)}`);
} finally {
  for (const step of undo.toReversed()) await undoOne(step);
}

async function start(choices: Choices): Promise<void> {
  const progress = progressOn(process.stdout);
  undo.push(await claimCheckout(checkout));
  await requireFreePort(choices.port, choices.host, 'PORT');
  await requireFreePort(choices.adminPort, choices.host, 'ADMIN_PORT');
  // The logs are those of the last run.
  rmSync(keep('log'), { recursive: true, force: true });

  console.log('Fangbang on this machine');
  const notes: string[] = [];
  const stores = await progress('Postgres and Redis', () =>
    bringUpStores({
      persistent: true,
      databaseUrl: choices.databaseUrl,
      redisUrl: choices.redisUrl,
      searchPath: environment['PATH'] ?? '',
      say: (line) => notes.push(line),
    }),
  );
  undo.push(stores.stop);
  for (const note of notes) console.log(`    ${note}`);
  goOn();

  const ownServer = choices.databaseUrl === undefined;
  const ownerUrl = ownServer ? await ensureDatabase(stores.databaseUrl, 'fangbang') : stores.databaseUrl;
  await onPostgres(ownerUrl, refuseForeignResults);
  const pepperFile = ensurePepperFile();
  const runtime = runtimePath(choices.runtime);
  const base = { ...environment, REDIS_URL: stores.redisUrl, FANGBANG_PEPPER_FILE: pepperFile };
  const cliWith = (databaseUrl: string): CliOptions => ({
    runtime,
    env: { ...base, DATABASE_URL: databaseUrl },
    abort: interruption.signal,
  });
  const logins = await progress('schema and logins', async () => {
    await runVerb(['db', 'migrate'], cliWith(ownerUrl));
    return await ensureLogins(ownerUrl, { passwordsFile: join(keep(), 'logins.json'), ownServer });
  });
  const asLoader = cliWith(logins.loader);
  writeLocalEnvironment({ logins, ownerUrl, redisUrl: stores.redisUrl, pepperFile });
  goOn();

  const pepperMark = pepperFileMark(pepperFile);
  if (await onPostgres(ownerUrl, (client) => demoIsLoaded(client, pepperMark))) {
    // Redis keeps nothing over a restart.
    const batches = await onPostgres(ownerUrl, batchesInUse);
    for (const batch of batches) {
      await progress(`warming Redis with batch ${batch}`, () => runVerb(['warm', String(batch)], asLoader));
    }
  } else {
    await loadDemo({ asLoader, asApprover: cliWith(logins.approver), pepperMark, progress });
  }
  goOn();

  const reachable = reachableHost(choices.host);
  const service = await progress('the service', () =>
    startService({
      runtime,
      env: {
        // A demo has no rush.
        PRACTICE_LOOKUPS: '0',
        ...base,
        DATABASE_URL: logins.service,
        HOST: choices.host,
        PORT: String(choices.port),
        ADMIN_PORT: String(choices.adminPort),
      },
      logFile: join(keep('log'), 'service.log'),
      adminUrl: `http://${reachable}:${choices.adminPort}`,
    }),
  );
  undo.push(service.stop);
  goOn();

  console.log(welcome(`http://${reachable}:${choices.port}`));
  const end = await Promise.race([
    interrupted.then(() => undefined),
    service.exited.then(() => 'The service'),
    stores.ended,
  ]);
  if (end !== undefined) {
    throw new SetupError(
      `${end} has ended by itself: the logs in ${relative(checkout, keep('log'))}/ say why.`,
    );
  }
  console.log('\nstopping …');
}

/** One that fails must not keep the others from being undone. */
async function undoOne(step: () => Promise<void> | void): Promise<void> {
  try {
    await step();
  } catch (fault) {
    console.error(`fangbang: ${sentenceFor(fault)}`);
    process.exitCode = 1;
  }
}

/** Between two steps: a signal that came during the last one ends us here. */
function goOn(): void {
  if (interruption.signal.aborted) throw new Interrupted();
}

/** All faults of the environment at once. */
function choicesIn(env: NodeJS.ProcessEnv): Choices {
  const faults: string[] = [];
  const portIn = (name: string, fallback: number): number => {
    const text = env[name] ?? '';
    if (text === '') return fallback;
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
      faults.push(`${name} must be a port from 1 to 65535`);
    return port;
  };
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const databaseUrl = given('DATABASE_URL');
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    faults.push('DATABASE_URL must be a postgres:// URL');
  }
  const runtime = chosenRuntime(env);
  if (runtime === undefined) faults.push(RUNTIME_FAULT);
  const choices: Choices = {
    databaseUrl,
    redisUrl: given('REDIS_URL'),
    host: given('HOST') ?? '127.0.0.1',
    port: portIn('PORT', 8080),
    adminPort: portIn('ADMIN_PORT', 9090),
    runtime: runtime === 'node' ? 'node' : 'fastest',
  };
  if (choices.port === choices.adminPort) faults.push('PORT and ADMIN_PORT must differ');
  if (faults.length > 0) throw new SetupError(`${faults.join('; ')}.`);
  return choices;
}

/** The address by which this machine reaches a service that listens everywhere. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** `.fangbang/local.env`: what the CLI in this checkout takes by itself (as the loader), and the other persons' URLs. */
function writeLocalEnvironment(options: {
  readonly logins: Logins;
  readonly ownerUrl: string;
  readonly redisUrl: string;
  readonly pepperFile: string;
}): void {
  const { logins } = options;
  const values = {
    DATABASE_URL: logins.loader,
    APPROVER_DATABASE_URL: logins.approver,
    SERVICE_DATABASE_URL: logins.service,
    OWNER_DATABASE_URL: options.ownerUrl,
    REDIS_URL: options.redisUrl,
    FANGBANG_PEPPER_FILE: options.pepperFile,
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`);
  writeFileSync(
    join(keep(), 'local.env'),
    `# Written by every "npm start" and read by the CLI here. DATABASE_URL is the loader's.\n${lines.join('\n')}\n`,
    { mode: 0o600 },
  );
}

function welcome(url: string): string {
  const credentials = demoCredentialsFile();
  const candidate = oneCandidate(readFileSync(credentials, 'utf8'));
  const fields = Object.entries(candidate).map(([name, value]) => `  ${name.padEnd(18)}${value}`);
  return `
Open ${url}/ and try this candidate:
${fields.join('\n')}
or ask the API:
  curl -s ${url}/v1/series/${demoSeries}/lookup -H 'content-type: application/json' -d '${JSON.stringify(candidate)}'
More candidates: ${relative(checkout, credentials)}

The CLI on this set, as the loader, and as the person who approves:
  npx fangbang status
  (. .fangbang/local.env; DATABASE_URL="$APPROVER_DATABASE_URL" npx fangbang status)

Ctrl-C stops everything. The data stay in .fangbang/; remove it to start afresh.`;
}
