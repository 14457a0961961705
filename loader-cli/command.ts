/**
 * A verb of `fangbang`: what every one has in common is here once.
 */
import { Command } from 'commander';
import type { FangbangError } from '#results/errors.ts';
import { CommandContext } from './context.ts';
import type { Surroundings } from './context.ts';
import { printResult } from './output.ts';

export type { CommandContext } from './context.ts';

export interface VerbResult {
  /** What `--json` prints. Human text was already said. */
  readonly json: Readonly<Record<string, unknown>>;
  /**
   * Set when the verb did its work and the outcome is a refusal (rows rejected, verification failed):
   * shown like a thrown error and with its exit code, but beside the fields of `json`.
   */
  readonly failure?: FangbangError;
}

export interface VerbSpec {
  /** With its arguments: `warm <batch>`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Whole command lines, each shown below "Example:" in the help. */
  readonly example: string | readonly string[];
  /** Adds the verb's own options. */
  readonly configure?: (command: Command) => void;
  /** @param args the arguments, variadic ones flattened; @param options by commander's camel-case names. */
  readonly run: (
    ctx: CommandContext,
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ) => Promise<VerbResult>;
}

/** The root command: holds what the entry passes in, and the exit code that the verb ended with. */
export class Program extends Command {
  readonly surroundings: Surroundings;
  verbExitCode = 0;

  constructor(surroundings: Surroundings) {
    super('fangbang');
    this.surroundings = surroundings;
  }
}

/** Adds a verb with the options that all have (`--json`, `--database-url`, `--redis-url`) and its examples. */
export function addVerb(parent: Command, spec: VerbSpec): Command {
  const examples = typeof spec.example === 'string' ? [spec.example] : spec.example;
  const command = parent.command(spec.name).description(spec.summary);
  spec.configure?.(command);
  return command
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .option('--database-url <url>', 'Postgres, with the login of who is acting (else DATABASE_URL)')
    .option('--redis-url <url>', 'Redis, or none (else REDIS_URL)')
    .addHelpText(
      'after',
      `\n${examples.length === 1 ? 'Example' : 'Examples'}:\n${examples.map((line) => `  $ ${line}`).join('\n')}`,
    )
    .action(async () => {
      const program = rootOf(command);
      const options: Record<string, unknown> = command.opts();
      const ctx = new CommandContext(program.surroundings, {
        json: options['json'] === true,
        databaseUrl: textOption(options, 'databaseUrl'),
        redisUrl: textOption(options, 'redisUrl'),
      });
      try {
        const result = await spec.run(ctx, command.args, options);
        program.verbExitCode = await printResult(program.surroundings, ctx.json, result);
      } catch (error) {
        // Whatever broke while undoing: the reason is the signal.
        if (ctx.signal.aborted) throw ctx.signal.reason;
        throw error;
      } finally {
        await ctx.close();
      }
    });
}

/** An option's text, undefined when it was not given. */
export function textOption(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

function rootOf(command: Command): Program {
  let root = command;
  while (root.parent !== null) root = root.parent;
  if (root instanceof Program) return root;
  throw new TypeError('verbs hang under a Program');
}
