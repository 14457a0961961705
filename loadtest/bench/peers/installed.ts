/**
 * @module The packages of the Node peers: a package.json and lockfile of their own, installed when first needed.
 *
 * Failure policy: an npm that fails is an Unavailable; only the rows of those peers are left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runToEnd } from '../../../infra/local/processes.ts';
import { Unavailable } from '../tools.ts';

export const PEERS_FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Installs what the lockfile says, unless it is there. */
export async function ensurePeerPackages(say: (line: string) => void): Promise<void> {
  if (isInstalled()) return;
  say("installing the Node peers' packages (npm ci) …");
  const { code, output } = await runToEnd({
    command: 'npm',
    args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'],
    cwd: PEERS_FOLDER,
  }).catch((fault: unknown) => ({ code: 127, output: String(fault) }));
  if (code === 0) return;
  const why = output.trim().split('\n').at(-1) ?? '';
  throw new Unavailable(
    `npm could not install the packages of loadtest/bench/peers (${why}): run "npm ci --ignore-scripts" there`,
  );
}

/** npm notes what it installed; a lockfile that has changed since is installed again. */
function isInstalled(): boolean {
  const noted = join(PEERS_FOLDER, 'node_modules', '.package-lock.json');
  if (!existsSync(noted)) return false;
  const installed = packagesIn(noted);
  return Object.entries(packagesIn(join(PEERS_FOLDER, 'package-lock.json'))).every(
    ([path, { version }]) => path === '' || installed[path]?.version === version,
  );
}

function packagesIn(path: string): Record<string, { version?: string }> {
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages?: Record<string, { version?: string }> };
  return lock.packages ?? {};
}
