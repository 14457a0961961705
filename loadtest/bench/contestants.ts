/**
 * Who is measured: each contestant is a row, started anew in every round and given its load alone.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { startTcpProxy, throughProxy } from '../../infra/local/tcp-proxy.ts';
import type { Answer } from './ask.ts';
import { startFangbang } from './fangbang.ts';
import type { Load } from './loads.ts';
import { hits, shed, unreleased, webdisHits, wrong } from './loads.ts';
import { startNginx, type NginxRole } from './nginx.ts';
import type { RunningPeer } from './peer.ts';
import { startPeer } from './peer.ts';
import { ensurePeerPackages, PEERS_FOLDER } from './peers/installed.ts';
import type { RowName } from './rows.ts';
import type { Cores } from './cores.ts';
import type { OpenSeries, Stage } from './stage.ts';
import type { ToolFinder } from './tools.ts';
import { findNginx, findWebdis, Unavailable } from './tools.ts';
import { startWebdis } from './webdis.ts';

/**
 * How late Redis's answers come to those that turn away: the only place is then taken nearly all the time. With Redis
 * at hand up to 8 of 100 were served, each alone and so dearer than any hit.
 */
const REDIS_AWAY_MS = 10;

export interface Contestant {
  /** Its servers: one, or two instances; `name` is new for each start. */
  readonly start: (name: string) => Promise<RunningPeer[]>;
  readonly load: Load;
}

/** A row that cannot be measured here, and why. */
export interface NotAvailable {
  readonly name: RowName;
  readonly reason: string;
}

interface Surroundings {
  readonly stage: Stage;
  readonly cores: Cores;
  readonly finder: ToolFinder;
}

/** The contestants of the wanted rows. */
export async function makeContestants(
  surroundings: Surroundings,
  wanted: readonly RowName[],
): Promise<{ contestants: Contestant[]; notAvailable: NotAvailable[] }> {
  const contestants: Contestant[] = [];
  const notAvailable: NotAvailable[] = [];
  for (const make of [ours('bun'), ours('node'), nginxes, webdis, nodePeers, constants]) {
    for (const one of make(surroundings)) {
      if (!wanted.includes(one.row)) continue;
      try {
        contestants.push(await one.make());
      } catch (fault) {
        if (!(fault instanceof Unavailable)) throw fault;
        notAvailable.push({ name: one.row, reason: fault.message });
      }
    }
  }
  return { contestants, notAvailable };
}

/** A contestant that is prepared only when its row is wanted. */
interface Offer {
  readonly row: RowName;
  readonly make: () => Promise<Contestant> | Contestant;
}

function offer(contestant: Contestant): Offer {
  return { row: contestant.load.row, make: () => contestant };
}

function ours(runtime: 'bun' | 'node') {
  return ({ stage, cores }: Surroundings): Offer[] => {
    const row = `fangbang-${runtime}` as const;
    const start = (name: string, env: Readonly<Record<string, string>> = {}): Promise<RunningPeer> =>
      startFangbang(stage, { runtime, cores: [cores.server], name, env });
    const alone = async (name: string): Promise<RunningPeer[]> => [await start(name)];
    const sized = (suffix: '-10k' | '-many', series: OpenSeries | undefined): Offer[] =>
      series === undefined ? [] : [offer({ start: alone, load: hits(stage, series, `${row}${suffix}`) })];
    return [
      offer({ start: alone, load: hits(stage, stage.open, row) }),
      offer({ start: alone, load: wrong(stage, `${row}-wrong`) }),
      offer({ start: alone, load: unreleased(stage, `${row}-unreleased`) }),
      offer({
        start: async (name) => [
          await withRedisAway(stage, (redisUrl) =>
            start(name, { MAX_IN_FLIGHT: '1', HOLD_OVERLOADED_MS: '0', REDIS_URL: redisUrl }),
          ),
        ],
        load: shed(stage, `${row}-shed`),
      }),
      offer({ start: alone, load: { ...hits(stage, stage.open, `${row}-one`), isBesideServer: true } }),
      offer({
        start: async (name) => {
          const one = await start(`${name}-1`);
          try {
            return [one, await startFangbang(stage, { runtime, cores: [cores.load], name: `${name}-2` })];
          } catch (fault) {
            await one.stop();
            throw fault;
          }
        },
        load: { ...hits(stage, stage.open, `${row}-two`), isBesideServer: true },
      }),
      ...sized('-10k', stage.small),
      ...sized('-many', stage.many),
    ];
  };
}

/** A server that reaches Redis by a longer way, which ends with it. */
async function withRedisAway(
  { redisUrl }: Stage,
  start: (redisUrl: string) => Promise<RunningPeer>,
): Promise<RunningPeer> {
  const way = await startTcpProxy(Number(new URL(redisUrl).port));
  way.delay(REDIS_AWAY_MS);
  try {
    const server = await start(throughProxy(redisUrl, way));
    const stop = async (): Promise<void> => {
      await server.stop();
      await way.close();
    };
    return { ...server, stop };
  } catch (fault) {
    await way.close();
    throw fault;
  }
}

function nginxes({ stage, cores, finder }: Surroundings): Offer[] {
  const make = (row: RowName, role: NginxRole, right: (answer: Answer, place: number) => boolean): Offer => ({
    row,
    make: async () => {
      const tool = await findNginx(finder);
      return {
        start: async (name) => [await startNginx(stage, tool, { role, cores: [cores.server], name })],
        load: { ...hits(stage, stage.open, row), right },
      };
    },
  });
  return [
    make('nginx-lua-redis', 'plain', isStoredDocument(stage)),
    make('nginx-lua-redis-equal', 'equal', isStoredDocument(stage)),
    make('nginx-constant', 'constant', isTheConstant(stage)),
  ];
}

function webdis({ stage, cores, finder }: Surroundings): Offer[] {
  const make = async (): Promise<Contestant> => {
    const tool = await findWebdis(finder);
    return {
      start: async (name) => [await startWebdis(stage, tool, { cores: [cores.server], name })],
      load: { ...webdisHits(stage, 'webdis'), right: isSomebodysDocument(stage) },
    };
  };
  return [{ row: 'webdis', make }];
}

function nodePeers({ stage, cores, finder }: Surroundings): Offer[] {
  return (['fastify', 'express'] as const).map((row) => ({
    row,
    make: async () => {
      await ensurePeerPackages(finder.say);
      const { redisUrl, pepperFile } = stage;
      return {
        start: async (name: string) => [
          await startPeer({
            name: row,
            cores: [cores.server],
            logFile: join(stage.folder, `${name}.log`),
            command: runtimePath('node'),
            args: [join(PEERS_FOLDER, `${row}.mjs`)],
            env: (port) => ({
              PATH: '/usr/bin:/bin',
              // Both libraries have slower paths for development.
              NODE_ENV: 'production',
              PORT: String(port),
              REDIS_URL: redisUrl,
              FANGBANG_PEPPER_FILE: pepperFile,
            }),
          }),
        ],
        load: { ...hits(stage, stage.open, row), right: isStoredDocument(stage) },
      };
    },
  }));
}

function constants({ stage, cores }: Surroundings): Offer[] {
  const documentFile = join(stage.folder, 'constant.json');
  writeFileSync(documentFile, stage.documents[0] ?? '', { mode: 0o600 });
  return (['bun', 'node'] as const).map((runtime) =>
    offer({
      start: async (name) => [
        await startPeer({
          name: `the constant on ${runtime}`,
          cores: [cores.server],
          logFile: join(stage.folder, `${name}.log`),
          command: runtimePath(runtime),
          args: [...runtimeFlags(runtimePath(runtime)), join(PEERS_FOLDER, `constant-${runtime}.mjs`)],
          env: (port) => ({ PATH: '/usr/bin:/bin', PORT: String(port), DOCUMENT_FILE: documentFile }),
        }),
      ],
      load: { ...hits(stage, stage.open, `${runtime}-constant`), right: isTheConstant(stage) },
    }),
  );
}

function isStoredDocument(stage: Stage): (answer: Answer, place: number) => boolean {
  return ({ status, body }, place) => status === 200 && body === stage.documents[place];
}

/**
 * webdis gives others' documents to those who come after a client that went away before its answer came, as wrk's do
 * at a load's end: of 72 samples of 200 answers 555 were another's, and none in 72 samples without such a load before.
 */
function isSomebodysDocument(stage: Stage): (answer: Answer) => boolean {
  const all = new Set(stage.documents);
  return ({ status, body }) => status === 200 && all.has(body);
}

function isTheConstant(stage: Stage): (answer: Answer) => boolean {
  return ({ status, body }) => status === 200 && body === stage.documents[0];
}
