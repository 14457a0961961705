/**
 * One candidate's credentials from a person or a program, as a form of the service would take them.
 */
import { matchCredentials } from '#results/credentials.ts';
import type { CredentialSet, SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { CommandContext } from './command.ts';
import { askHidden } from './hidden-input.ts';

/** For the help of a verb that asks. */
export const CREDENTIALS_HELP =
  '\nThe credentials are asked for and not shown; without a terminal they are lines of standard input,\nin the order of the set. They are never arguments, which other users of the machine can see.';

/** @param name undefined: the definition's first. @throws FangbangError `usage` */
export function chooseSet(definition: SeriesDefinition, name: string | undefined): CredentialSet {
  const sets = definition.credentialSets;
  const set = name === undefined ? sets[0] : sets.find((s) => s.name === name);
  if (set !== undefined) return set;
  throw new FangbangError('usage', 'the definition has no such credential set', {
    hint: `--set ${sets.map((s) => s.name).join(' or ')}`,
  });
}

/** The normalised values in the set's order. @throws FangbangError `usage`, never with what was given. */
export async function askCredentials(
  ctx: CommandContext,
  definition: SeriesDefinition,
  set: CredentialSet,
): Promise<readonly string[]> {
  const prompts = set.credentials.map((name) => {
    const title = definition.credentials[name]?.title;
    return title === undefined ? name : `${title.zh} / ${title.en}`;
  });
  const lines = await askHidden(ctx, prompts);
  const fields = Object.fromEntries(set.credentials.map((name, i) => [name, lines[i] ?? '']));
  const matched = matchCredentials(definition, fields);
  if (matched.ok) return matched.values;
  throw new FangbangError('usage', `the credential ${matched.field ?? ''} is malformed: ${matched.fault}`, {
    hint: `one line each, in this order: ${set.credentials.join(', ')}`,
  });
}
