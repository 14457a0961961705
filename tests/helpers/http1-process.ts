/**
 * @module The server of http1-echo.ts as a process on either runtime.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import type { ConnectionLimits } from '../../service/http1/connection.ts';
import type { Runtime } from './service.ts';

const script = fileURLToPath(new URL('http1-echo.ts', import.meta.url));

export interface EchoProcess {
  readonly port: number;
  /** Everything that it has written to standard error. */
  readonly errors: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface EchoOptions {
  readonly limits?: Partial<ConnectionLimits>;
  readonly maxConnections?: number;
}

/** Starts it and waits until it listens. @throws Error when it ends before. */
export async function startEcho(runtime: Runtime, options: EchoOptions = {}): Promise<EchoProcess> {
  const path = runtimePath(runtime);
  const flags = runtime === 'node' ? ['--expose-gc'] : runtimeFlags(path);
  const { limits = {}, maxConnections = 1_000 } = options;
  const child = spawn(path, [...flags, script, JSON.stringify(limits), String(maxConnections)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Also when the test that would stop it fails before.
  process.once('exit', () => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const line = new Promise<string>((resolve) => {
    createInterface(child.stdout).once('line', resolve);
  });
  const first = await Promise.race([line, exited]);
  if (typeof first !== 'string') throw new Error(`the server did not start:\n${errors}`);
  const { port } = JSON.parse(first) as { port: number };
  return { port, errors: () => errors, signal: (signal) => child.kill(signal), exited };
}
