/**
 * @module The fuzzer in a virtual environment under `.fangbang/fuzz/`, by the system's Python and pip.
 *
 * Failure policy: a Python that is missing, too old or without venv, and packages that cannot be had, are a
 * SetupError that says what to install. An environment that was made half is made anew.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keep } from '../../../infra/local/checkout.ts';
import { runToEnd } from '../../../infra/local/processes.ts';
import { faultCode, SetupError } from '../../../infra/local/setup-error.ts';

const REQUIREMENTS = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const ADVICE = 'install Python 3.10 or newer with venv and pip (Debian: apt-get install python3-venv)';

/** Path of the program `st`, installed if it is not. @param env of the caller: PATH, proxies, pip's settings. */
export async function findSchemathesis(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = keep('fuzz');
  const venv = join(folder, 'venv');
  const program = join(venv, 'bin', 'st');
  const mark = join(folder, 'installed.txt');
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(program) && existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return program;

  await requirePython(env);
  rmSync(mark, { force: true });
  rmSync(venv, { recursive: true, force: true });
  await succeed('python3', ['-m', 'venv', venv], env, `No virtual environment can be made: ${ADVICE}`);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await succeed(join(venv, 'bin', 'python'), install, env, 'pip could not install requirements.txt');
  writeFileSync(mark, wanted);
  return program;
}

async function requirePython(env: NodeJS.ProcessEnv): Promise<void> {
  const ask = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 3)';
  let answer;
  try {
    answer = await runToEnd({ command: 'python3', args: ['-c', ask], env });
  } catch (fault) {
    if (faultCode(fault) !== 'ENOENT') throw fault;
    throw new SetupError(`There is no python3 on PATH: ${ADVICE} and run the command again.`);
  }
  if (answer.code === 3)
    throw new SetupError(`This python3 is too old: ${ADVICE} and run the command again.`);
  if (answer.code !== 0)
    throw new SetupError(`This python3 has no venv or no pip: ${ADVICE} and run the command again.`);
}

async function succeed(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  complaint: string,
): Promise<void> {
  const { code, output } = await runToEnd({ command, args, env });
  if (code === 0) return;
  throw new SetupError(`${complaint}:\n  ${output.trim().split('\n').slice(-4).join('\n  ')}`);
}
