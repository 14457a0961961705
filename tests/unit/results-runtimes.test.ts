import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';

const script = fileURLToPath(new URL('../helpers/results-picture.ts', import.meta.url));

async function pictureOn(runtime: 'node' | 'bun'): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)(runtimePath(runtime), [
    ...runtimeFlags(runtimePath(runtime)),
    script,
  ]);
  const picture = JSON.parse(stdout) as Record<string, string>;
  expect(picture['runtime']).toBe(runtime);
  return picture;
}

test('Node and Bun make the same of every name, digest, slip, seal, filter, checksum and answer', async () => {
  const [node, bun] = await Promise.all([pictureOn('node'), pictureOn('bun')]);
  expect({ ...bun, runtime: '' }).toEqual({ ...node, runtime: '' });
  expect(node['allNames']).toMatch(/^[0-9a-f]{64}$/);
  expect(node['allPrograms']).toMatch(/^[0-9a-f]{64}$/);
}, 60_000);
