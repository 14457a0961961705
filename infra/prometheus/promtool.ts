/**
 * @module Prometheus's own judge of metrics and rules: on PATH, else in Debian's package, unpacked beside our other
 * things.
 *
 * Failure policy: undefined, and why is said, where there is none and none can be fetched: it judges what is written
 * here, nothing runs by it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { programOnPath, unpackPackages, unpackedIn } from '../local/debian-package.ts';

const packagedProgram = 'usr/bin/promtool';

/** Runs promtool. @returns its exit code, and all that it said. */
export type Promtool = (args: readonly string[], input?: string) => { code: number | null; said: string };

/** @param folder where an earlier run unpacked it, or this one does. */
export async function findPromtool(options: {
  readonly searchPath: string;
  readonly folder: string;
  readonly say: (line: string) => void;
}): Promise<Promtool | undefined> {
  const { searchPath, folder, say } = options;
  const onPath = programOnPath(['promtool'], searchPath);
  if (onPath !== undefined) return runner(onPath);
  const files = [packagedProgram];
  if (unpackedIn({ folder, files }) === undefined) {
    say("fetching Debian's Prometheus package, for promtool …");
    try {
      await unpackPackages({ folder, packages: ['prometheus'], files });
    } catch (fault) {
      say(`there is no promtool: ${fault instanceof Error ? fault.message : String(fault)}`);
      return undefined;
    }
  }
  return runner(join(folder, packagedProgram));
}

function runner(program: string): Promtool {
  return (args, input) => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input: input ?? '' });
    return { code: status, said: `${stdout}${stderr}` };
  };
}
