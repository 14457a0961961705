/**
 * All verbs of `fangbang`, and one run of one of them.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Program } from './command.ts';
import * as announce from './commands/announce.ts';
import * as approve from './commands/approve.ts';
import * as audit from './commands/audit.ts';
import * as cool from './commands/cool.ts';
import * as correct from './commands/correct.ts';
import * as dbMigrate from './commands/db-migrate.ts';
import * as diff from './commands/diff.ts';
import * as load from './commands/load.ts';
import * as preview from './commands/preview.ts';
import * as publish from './commands/publish.ts';
import * as rollback from './commands/rollback.ts';
import * as sample from './commands/sample.ts';
import * as series from './commands/series.ts';
import * as status from './commands/status.ts';
import * as unlock from './commands/unlock.ts';
import * as validate from './commands/validate.ts';
import * as verify from './commands/verify.ts';
import * as warm from './commands/warm.ts';
import * as withdraw from './commands/withdraw.ts';
import type { Surroundings } from './context.ts';
import { printFailure } from './output.ts';

interface Verbs {
  readonly register: (program: Command) => void;
}

/** In the order of a result's life, which is the order in the help. */
const VERBS: readonly Verbs[] = [
  dbMigrate,
  series,
  sample,
  validate,
  load,
  correct,
  diff,
  warm,
  verify,
  preview,
  approve,
  announce,
  publish,
  rollback,
  withdraw,
  cool,
  unlock,
  status,
  audit,
];

const HELP_AFTER = `
Where the stores are: --database-url and --redis-url on every verb, else DATABASE_URL and REDIS_URL,
else what npm start wrote to .fangbang/local.env; the pepper: FANGBANG_PEPPER_FILE, else the same.
Who is acting is the login in the database URL.

Exit codes: 0 done, 1 unexpected fault, 2 usage, 3 data rejected, 4 refused by the state,
5 a store is away, 130 interrupted.`;

/** Reads the command line and runs its verb; answers the exit code. Never throws. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const program = new Program(surroundings);
  program
    .description('From official result files to answers on release day.')
    .version(version())
    // Else the root's --version would be taken for that of series show.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      // What is wrong with a command line is printed once, by printFailure; help without a verb is kept.
      writeErr: (text) => {
        if (!text.startsWith('error:')) surroundings.stderr.write(text);
      },
    })
    .addHelpText('after', HELP_AFTER);
  for (const verb of VERBS) verb.register(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return program.verbExitCode;
  } catch (error) {
    return await printFailure(surroundings, asksForJson(args), error);
  }
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return manifest.version;
}

/** Also when the command line cannot be read: whoever asked for JSON gets JSON. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).includes('--json');
}
