/**
 * What the bench sends, and what it is asked for.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matchCredentials } from '#results/credentials.ts';
import { parseDefinition } from '#results/definition.ts';
import type { BenchOptions } from '../../loadtest/bench/options.ts';
import { readOptions, UsageError, wantedRows } from '../../loadtest/bench/options.ts';
import { documentKeys } from '../../loadtest/bench/peers/document-key.mjs';
import { rawRequest, lookupRequest, writeRequests, wrongGuesses } from '../../loadtest/bench/requests.ts';
import { measureRounds } from '../../loadtest/bench/rounds.ts';

describe('requests', () => {
  it('go over the wire with a length in bytes, not in characters', () => {
    const raw = rawRequest(lookupRequest('s', { name: '林泽' }, { 'x-a': 'b' }));
    const [head = '', body = ''] = raw.split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual([
      'POST /v1/series/s/lookup HTTP/1.1',
      'Host: 127.0.0.1',
      'content-type: application/json',
      'x-a: b',
      `content-length: ${Buffer.byteLength(body)}`,
    ]);
    expect(JSON.parse(body)).toEqual({ name: '林泽' });
  });

  it('are written each behind its length in bytes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-requests-'));
    const requests = [lookupRequest('s', { name: '林泽' }), lookupRequest('s', { name: 'B' })];
    writeRequests(join(folder, 'file'), requests);
    let rest = readFileSync(join(folder, 'file'));
    for (const request of requests) {
      const lineEnd = rest.indexOf('\n');
      const end = lineEnd + 1 + Number(rest.subarray(0, lineEnd).toString());
      expect(rest.subarray(lineEnd + 1, end).toString()).toBe(rawRequest(request));
      rest = rest.subarray(end);
    }
    expect(rest.length).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('that guess wrongly are well-formed, and no number or address comes twice', () => {
    const preset = readFileSync(
      new URL('../../service/results/presets/gaokao.yaml', import.meta.url),
      'utf8',
    );
    const definition = parseDefinition(preset, 'gaokao');
    // Across a call's border, and the borders of day and month.
    const guesses = [...wrongGuesses('s', 0, 30_000), ...wrongGuesses('s', 30_000, 10_000)];
    const fields = guesses.map(({ body }) => JSON.parse(body) as Record<string, string>);
    for (const one of fields) expect(matchCredentials(definition, one).ok).toBe(true);
    for (const name of ['candidateNumber', 'identityNumber'])
      expect(new Set(fields.map((one) => one[name])).size).toBe(40_000);
    expect(new Set(guesses.map(({ headers }) => headers['x-forwarded-for'])).size).toBe(40_000);
  });

  it('for the peers find the document by an HMAC under the first pepper', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-pepper-'));
    const pepper = Buffer.alloc(32, 7);
    writeFileSync(join(folder, 'pepper'), `${pepper.toString('base64')}\nother\n`);
    const { binary, text } = documentKeys(join(folder, 'pepper'))('s', '1', '2');
    const id = createHmac('sha512', pepper).update('s\n1\n2').digest().subarray(0, 16);
    expect(binary).toEqual(Buffer.concat([Buffer.from('d'), id]));
    expect(text).toBe(`w${id.toString('hex')}`);
    rmSync(folder, { recursive: true });
  });
});

function read(...args: string[]): BenchOptions {
  const options = readOptions(args);
  if (options === undefined) throw new Error('help was asked for');
  return options;
}

describe('options', () => {
  it('are five rounds of everything that needs no option of its own', () => {
    const options = read();
    expect(options).toMatchObject({ rounds: 5, credentials: 50_000, json: false });
    expect(wantedRows(options)).toContain('express');
    expect(wantedRows(options)).not.toContain('fangbang-bun-two');
    expect(wantedRows(options)).not.toContain('fangbang-bun-10k');
  });

  it('narrow the rows, and add the scaling rows on request', () => {
    expect(wantedRows(read('--only', 'webdis,fangbang-bun'))).toEqual(['fangbang-bun', 'webdis']);
    expect(wantedRows(read('--only', 'fangbang-bun,fangbang-bun-two', '--two'))).toEqual([
      'fangbang-bun',
      'fangbang-bun-two',
    ]);
    expect(wantedRows(read('--candidates', '5000000'))).toContain('fangbang-node-many');
  });

  it.each([
    [['--rounds', '0']],
    [['--rounds', 'five']],
    [['--only', 'apache']],
    [['--candidates', '10000']],
    [['--only', 'fangbang-bun-two']],
    [['--unknown']],
    [['stray']],
  ])('that cannot be meant are refused: %s', (args) => {
    expect(() => wantedRows(read(...args))).toThrow(UsageError);
  });

  it('--help asks for no run', () => {
    expect(readOptions(['--help'])).toBeUndefined();
  });
});

describe('rounds', () => {
  it('go on when a contestant does not start, and name it with its round', async () => {
    const load = {
      row: 'webdis' as const,
      requestsFile: () => '/nowhere',
      sample: () => [],
      right: () => true,
    };
    const starts: string[] = [];
    const contestant = {
      start: (name: string) => {
        starts.push(name);
        return Promise.reject(new Error('no such program'));
      },
      load,
    };
    const settings = {
      rounds: 2,
      turns: 3,
      wrk: { command: '/nowhere', libraryFolders: [] },
      connections: 1,
      seconds: 1,
      warmUpSeconds: 0,
      serverCores: [0],
      stop: new AbortController().signal,
    };
    const { turns, faults } = await measureRounds([contestant], settings, () => {});
    expect(starts).toEqual(['webdis-1', 'webdis-2']);
    expect(turns.size).toBe(0);
    expect(faults.map(({ name, round }) => `${name} ${round}`)).toEqual(['webdis 1', 'webdis 2']);
  });
});
