/**
 * @module `npm run drill:correction`: results are corrected, rolled back and withdrawn by the CLI under load, one
 * instance cut off, every answer held against what was in force when it was asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RUNTIMES } from '../../helpers/service.ts';
import { oneOf, runDrill, wholeNumber, type Drill, type Outcome } from '../common/drill.ts';
import { shuffled } from '../common/guesses.ts';
import { doAct, planActs, type Done } from './acts.ts';
import { startAsking, type Asking } from './asking.ts';
import { judgeCorrection } from './judge.ts';
import { SABOTAGES } from './sabotage.ts';
import { setStage } from './stage.ts';

const WAYS_TO_BREAK = ['cut', 'stall'] as const;

const USAGE = `npm run drill:correction -- [options]

  --per-second <n>   lookups a second at each of two instances (50)
  --runtime <name>   bun or node for the instance that is cut off, the other one for the other (bun)
  --break <how>      its ways to the stores: cut (refused) or stall (silent) (chosen by the seed)
  --sabotage <name>  must fall short: deaf (an instance does not hear the epoch in Redis), trusting (it trusts its last
                     poll for ever), half-batch (half of the correction's slips are of the batch that it corrects)
  --seed <n>         who is asked for when, and how the ways break
  --json             one JSON object on standard output, all else on standard error

A batch of 600 candidates is open; a correction gives one in three other marks and adds 200. It is corrected, rolled
back and withdrawn while one instance cannot reach Postgres, corrected while that one reaches neither store, withdrawn
while Redis answers nobody and then comes back as it was. An act counts from the end of the CLI with exit code 0. Asked for are
candidates, those whom only the correction adds, and strangers, who bring a proof of work when they are told to.
1.5 minutes.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:correction -- --runtime node --break stall --seed 7
`;

const WARM_UP_MS = 4_000;

await runDrill({
  name: 'correction',
  usage: USAGE,
  options: {
    'per-second': { type: 'string' },
    runtime: { type: 'string' },
    break: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: correct,
});

async function correct(drill: Drill): Promise<Outcome> {
  const { values, seed, stop, progress, undo } = drill;
  const perSecond = wholeNumber(values, 'per-second', { least: 20, usual: 50 });
  const runtime = oneOf(values, 'runtime', RUNTIMES) ?? 'bun';
  const how = oneOf(values, 'break', WAYS_TO_BREAK) ?? (seed % 2 === 0 ? 'cut' : 'stall');
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const runtimes = { connected: runtime === 'bun' ? 'node' : 'bun', cutOff: runtime } as const;
  const stage = await setStage(drill, runtimes, sabotage);
  stop.throwIfAborted();

  const { definition, numbers } = stage;
  const ask = ({ url }: { url: string }, shift: number): Asking => {
    const people = shuffled(stage.people, seed + shift);
    const asking = startAsking({ url, definition, numbers, people, perSecond });
    undo(asking.stop);
    return asking;
  };
  const connected = ask(stage.connected, 0);
  const cutOff = ask(stage.cutOff, 1);
  await progress('warming up', () => sleep(WARM_UP_MS, undefined, { signal: stop }));
  const done: Done[] = [];
  for (const act of planActs(stage)) {
    stop.throwIfAborted();
    done.push(await progress(act.name, () => doAct(stage, act, { cutOff, how, stop })));
  }
  await Promise.all([connected.stop(), cutOff.stop()]);
  return judgeCorrection(
    done,
    { connected: connected.answers, cutOff: cutOff.answers },
    { runtimes, how, perSecond },
  );
}
