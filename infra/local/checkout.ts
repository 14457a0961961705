/**
 * @module Where things lie in this checkout. All that we leave behind is under `.fangbang/`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's folder, with a trailing slash. */
export const checkout = fileURLToPath(new URL('../../', import.meta.url));

/** What local runs keep: data of the local stores, logs, secrets. Never committed. */
export const keepFolder = join(checkout, '.fangbang');

/**
 * Creates `.fangbang/` and the named folder in it and returns its path. The folder is open to be passed
 * through, because Postgres runs under another user when we are root; secrets in it have mode 600.
 */
export function keep(...names: string[]): string {
  const path = join(keepFolder, ...names);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  return path;
}
