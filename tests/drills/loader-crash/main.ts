/**
 * @module `npm run drill:loader-crash`: whatever stops the loader, what is stored and served is one whole batch.
 */
import { Client } from 'pg';
import type { Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, wholeNumber } from '../common/drill.ts';
import { finish } from './finish.ts';
import { checksOf, figuresOf } from './judge.ts';
import { Killing, undisturbed } from './kills.ts';
import { cutOff, noRoom, twoAtOnce } from './other-faults.ts';
import { planKills } from './plan.ts';
import { SABOTAGES, sabotageStores } from './sabotage.ts';
import { setStage } from './stage.ts';

const USAGE = `npm run drill:loader-crash -- [options]

  --kills <n>        load, correct, warm and publish killed so many times (200)
  --rows <n>         rows of the official file (20000)
  --sabotage <name>  must fall short: commit-in-the-middle (a loader that commits before it seals), half-batch (half
                     of the open batch's slips are another's)
  --seed <n>         who is killed when, and by what; the candidates that are asked for
  --json             one JSON object on standard output, all else on standard error

After each kill: no session, lock, table or filter without its batch is left, a batch that is there is whole, and
12 candidates, half of them among those that a correction withholds, are looked up over HTTP: all of one batch, the
one in force. Then two loaders at once, no room for temporary files, files that were cut off. Some 4 minutes,
15 on a busy machine.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:loader-crash -- --kills 20 --seed 7
`;

const MOST_NAMED = 20;

await runDrill({
  name: 'loader-crash',
  usage: USAGE,
  options: { kills: { type: 'string' }, rows: { type: 'string' }, sabotage: { type: 'string' } },
  run: loaderCrash,
});

async function loaderCrash(drill: Drill): Promise<Outcome> {
  const { seed, values, progress, stop, undo, say } = drill;
  const kills = planKills(seed, wholeNumber(values, 'kills', { least: 1, usual: 200 }));
  const rows = wholeNumber(values, 'rows', { least: 1_000, usual: 20_000 });
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const stage = await setStage(drill, rows);
  const monitor = new Client({ connectionString: stage.installation.database.url });
  monitor.on('error', () => {});
  await monitor.connect();
  undo(() => monitor.end());
  const calm = await progress('every verb once, undisturbed', () => undisturbed(stage, monitor));
  await sabotageStores(sabotage, stage, monitor);

  const killing = await Killing.begin(drill, { stage, monitor, undisturbed: calm, sabotage });
  for (const [i, kill] of kills.entries()) {
    stop.throwIfAborted();
    await killing.kill(kill, i);
    if ((i + 1) % 20 === 0)
      say(`${i + 1} of ${kills.length} kills, faults so far: ${killing.tally.faults.length}`);
  }
  const given = { stage, monitor, content: calm.whole.content };
  const two = await progress('two loaders at once', () => twoAtOnce(given, seed));
  stop.throwIfAborted();
  const room = await progress('no room for temporary files', () => noRoom(given, seed));
  stop.throwIfAborted();
  const cut = await progress('files that were cut off', () => cutOff(given, seed));
  await killing.judgeNow('after the faults');
  const end = await progress('the same, undisturbed', () => finish(stage, monitor, calm));

  const { tally } = killing;
  for (const fault of [tally, two, room, cut, end].flatMap(({ faults }) => faults).slice(0, MOST_NAMED))
    say(fault);
  return {
    checks: checksOf(tally, kills.length, { two, room, cut, end }),
    figures: figuresOf(tally, calm.tookMs),
  };
}
