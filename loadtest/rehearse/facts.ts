/**
 * @module Where and with what a rehearsal ran.
 *
 * Failure policy: what cannot be read is left out.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { checkout } from '../../infra/local/checkout.ts';
import { runtimePath } from '../../infra/local/hand-over.mjs';

/** The machine that makes the load, and in a local set serves it. */
export function machineFacts(): Record<string, string> {
  return {
    CPU: cpus()[0]?.model.trim() ?? 'unknown',
    cores: String(availableParallelism()),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: `${process.platform} ${release()}`,
    'load average at the start': loadavg()
      .map((one) => one.toFixed(1))
      .join(' '),
  };
}

/** Of the programs that took part. */
export function programVersions(): Record<string, string> {
  const versions: Record<string, string> = { Node: process.versions.node };
  const bun = tried(() => execFileSync(runtimePath('bun'), ['--version'], { encoding: 'utf8' }).trim());
  if (bun !== undefined) versions['Bun'] = bun;
  const autocannon = tried(() => {
    const parsed: unknown = JSON.parse(
      readFileSync(`${checkout}node_modules/autocannon/package.json`, 'utf8'),
    );
    return (parsed as { version: string }).version;
  });
  if (autocannon !== undefined) versions['autocannon'] = autocannon;
  return versions;
}

/** The commit, and whether files differ from it. */
export function gitRevision(): string | undefined {
  return tried(() => {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain') === '' ? commit : `${commit}, with changes that are not committed`;
  });
}

function git(...args: string[]): string {
  return execFileSync('git', ['-C', checkout, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
