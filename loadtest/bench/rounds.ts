/**
 * @module The rounds: in each every contestant is started anew, so that a figure does not hang on one start (one
 * binary varied between 45 and 67 µs), and then all take turns of a second, in another order each time. What a
 * neighbour does to the machine lasts for seconds: it is in the turns of all, and ratios are taken within a turn.
 *
 * Failure policy: a contestant that does not start or answers wrongly is noted with its round, and the others go
 * on. An interruption stops the running contestants and rejects.
 */
import { sentenceFor } from '../../infra/local/setup-error.ts';
import type { Contestant } from './contestants.ts';
import type { Load } from './loads.ts';
import { measure, Overtaxed, warmUp, type Figures, type Settings } from './measure.ts';
import type { RunningPeer } from './peer.ts';
import type { RowFault, Turns } from './report.ts';
import type { RowName } from './rows.ts';
import { orderOfRound } from './statistics.ts';

const ATTEMPTS = 3;

interface Running {
  readonly load: Load;
  readonly servers: readonly RunningPeer[];
}

/** Measures all contestants in all rounds. */
export async function measureRounds(
  contestants: readonly Contestant[],
  settings: Settings & { readonly rounds: number; readonly turns: number },
  say: (line: string) => void,
): Promise<{ turns: Turns; faults: RowFault[] }> {
  const { stop } = settings;
  const turns = new Map<RowName, (Figures | undefined)[]>();
  const faults: RowFault[] = [];
  for (let round = 1; round <= settings.rounds; round += 1) {
    const about = `round ${round}/${settings.rounds}`;
    const running: Running[] = [];
    const tryWith = async (name: RowName, work: () => Promise<void>): Promise<void> => {
      stop.throwIfAborted();
      try {
        await work();
      } catch (fault) {
        stop.throwIfAborted();
        const reason = sentenceFor(fault);
        faults.push({ name, round, reason });
        say(`${about}  ${name}  FAILED: ${reason}`);
      }
    };
    try {
      for (const { start, load } of orderOfRound(contestants, round)) {
        await tryWith(load.row, async () => {
          const servers = await start(`${load.row}-${round}`);
          running.push({ load, servers });
          await warmUp(servers, load, settings);
        });
      }
      say(`${about}  ${running.length} servers are started and warm`);
      for (let turn = 1; turn <= settings.turns; turn += 1) {
        const place = (round - 1) * settings.turns + turn - 1;
        for (const { load, servers } of orderOfRound(running, place)) {
          await tryWith(load.row, async () => {
            const figures = await measureAgain(servers, load, settings, say);
            const ofRow = turns.get(load.row) ?? [];
            ofRow[place] = figures;
            turns.set(load.row, ofRow);
            say(`${about} turn ${turn}/${settings.turns}  ${load.row.padEnd(24)} ${shortly(figures)}`);
          });
        }
      }
    } finally {
      await Promise.all(running.flatMap(({ servers }) => servers.map((server) => server.stop())));
    }
  }
  return { turns, faults };
}

/**
 * On a machine that others keep busy a server's own time limits may be exceeded: a measurement with such answers
 * is thrown away and made again, in the same start. Nothing of it is reported.
 */
async function measureAgain(
  servers: readonly RunningPeer[],
  load: Load,
  settings: Settings,
  say: (line: string) => void,
): Promise<Figures> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await measure(servers, load, settings);
    } catch (fault) {
      if (!(fault instanceof Overtaxed) || attempt === ATTEMPTS) throw fault;
      say(`${load.row}: thrown away, measured again: ${fault.message}`);
    }
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function shortly(figures: Figures): string {
  const { cpuUsPerRequest, requestsPerSecond, p99Ms, busy, disturbed, mainShare } = figures;
  return [
    `${cpuUsPerRequest.toFixed(1).padStart(6)} µs`,
    `${Math.round(requestsPerSecond).toLocaleString('en').padStart(7)}/s`,
    `p99 ${p99Ms.toFixed(1)} ms`,
    `busy ${percent(busy)}`,
    ...(disturbed > 0.02 ? [`others ${percent(disturbed)}`] : []),
    ...(mainShare < 1 ? [`of its status ${(mainShare * 100).toFixed(1)}%`] : []),
  ].join('  ');
}
