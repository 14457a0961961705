/**
 * @module The rounds: in each every contestant once, started anew, in another order, so that a figure does not
 * hang on one start (one binary varied between 45 and 67 µs) or on who came before.
 *
 * Failure policy: a contestant that does not start or answers wrongly is noted with its round, and the others go
 * on. An interruption stops the running contestant and rejects.
 */
import { sentenceFor } from '../../infra/local/setup-error.ts';
import type { Contestant } from './contestants.ts';
import type { Load } from './loads.ts';
import { measure, Overtaxed, type Figures, type Settings } from './measure.ts';
import type { RunningPeer } from './peer.ts';
import type { RowFault, Rounds } from './report.ts';
import type { RowName } from './rows.ts';
import { orderOfRound } from './statistics.ts';

const ATTEMPTS = 3;

/** Measures all contestants in all rounds. */
export async function measureRounds(
  contestants: readonly Contestant[],
  settings: Settings & { readonly rounds: number },
  say: (line: string) => void,
): Promise<{ rounds: Rounds; faults: RowFault[] }> {
  const rounds = new Map<RowName, (Figures | undefined)[]>();
  const faults: RowFault[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const contestant of orderOfRound(contestants, round)) {
      const fail = (names: readonly RowName[], fault: unknown): void => {
        settings.stop.throwIfAborted();
        const reason = sentenceFor(fault);
        for (const name of names) faults.push({ name, round: round + 1, reason });
        say(`round ${round + 1}/${settings.rounds}  ${names.join(', ')}  FAILED: ${reason}`);
      };
      let servers: RunningPeer[] = [];
      try {
        settings.stop.throwIfAborted();
        const [first] = contestant.loads;
        servers = await contestant.start(`${first?.row ?? 'contestant'}-${round + 1}`);
        for (const load of contestant.loads) {
          const { row } = load;
          try {
            const figures = await measureAgain(servers, load, settings, say);
            const figuresOfRow = rounds.get(row) ?? [];
            figuresOfRow[round] = figures;
            rounds.set(row, figuresOfRow);
            say(`round ${round + 1}/${settings.rounds}  ${row.padEnd(24)} ${shortly(figures)}`);
          } catch (fault) {
            fail([row], fault);
          }
        }
      } catch (fault) {
        fail(
          contestant.loads.map(({ row }) => row),
          fault,
        );
      } finally {
        for (const server of servers) await server.stop();
      }
    }
  }
  return { rounds, faults };
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
