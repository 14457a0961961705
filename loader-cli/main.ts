/**
 * The entry of `fangbang`: the only file of the CLI that touches the process.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Interrupted } from './exit-codes.ts';
import { writeWhole } from './output.ts';
import { runProgram } from './program.ts';
import { parseEnvFile, readSettings } from './settings.ts';
import type { Settings } from './settings.ts';

/** After that a verb that does not come to its end is left to the server, which undoes a dead connection. */
const UNDO_TIMEOUT_MS = 10_000;

function localSettings(): Settings {
  for (const folder of [process.cwd(), fileURLToPath(new URL('..', import.meta.url))]) {
    try {
      return readSettings(parseEnvFile(readFileSync(join(folder, '.fangbang', 'local.env'), 'utf8')));
    } catch {
      // Nobody ran npm start there.
    }
  }
  return {};
}

function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // A second one is the first, passed on by fangbang.mjs.
    process.on(signal, () => {
      if (controller.signal.aborted) return;
      const interrupted = new Interrupted(signal);
      controller.abort(interrupted);
      setTimeout(() => process.exit(interrupted.exitCode), UNDO_TIMEOUT_MS).unref();
    });
  }
  return controller.signal;
}

// A reader that went away (fangbang audit | head) is no fault.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const exitCode = await runProgram(process.argv.slice(2), {
  environment: readSettings(process.env),
  local: localSettings(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopOnSignals(),
});
await writeWhole(process.stdout, '');
await writeWhole(process.stderr, '');
// Nothing is left to do: a terminal or a socket that is still open must not keep us.
process.exit(exitCode);
