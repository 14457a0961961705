import { Writable } from 'node:stream';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { printFailure, printResult, Voice } from '../../loader-cli/output.ts';
import { table } from '../../loader-cli/table.ts';
import { FangbangError } from '../../service/results/errors.ts';

function streams(): {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  read: () => { stdout: string; stderr: string };
} {
  const collected = { stdout: '', stderr: '' };
  const collect = (name: 'stdout' | 'stderr'): NodeJS.WriteStream => {
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        collected[name] += chunk.toString();
        done();
      },
    });
    return stream as unknown as NodeJS.WriteStream;
  };
  return { stdout: collect('stdout'), stderr: collect('stderr'), read: () => collected };
}

describe('with --json', () => {
  it('lines for people go to standard error', () => {
    const s = streams();
    const voice = new Voice(s, true);
    voice.say('said');
    voice.note('noted');
    expect(s.read()).toEqual({ stdout: '', stderr: 'said\nnoted\n' });
  });

  it('a failure beside a result is one object with both', async () => {
    const s = streams();
    const failure = new FangbangError('rows-rejected', 'two rows', {
      faults: ['line 3', 'line 9'],
      hint: 'look',
    });
    expect(await printResult(s, true, { json: { rows: 7 }, failure })).toBe(3);
    const { stdout, stderr } = s.read();
    expect(JSON.parse(stdout)).toEqual({
      rows: 7,
      error: { code: 'rows-rejected', message: 'two rows', hint: 'look', faults: ['line 3', 'line 9'] },
    });
    expect(stderr).toBe('fangbang: two rows\n  line 3\n  line 9\nwhat to do next: look\n');
  });
});

it('without --json lines for people go to standard output, and no object does', async () => {
  const s = streams();
  new Voice(s, false).say('said');
  expect(await printResult(s, false, { json: { rows: 7 } })).toBe(0);
  expect(s.read()).toEqual({ stdout: 'said\n', stderr: '' });
});

it('an unexpected answer of Postgres is shown without what it quotes', async () => {
  const s = streams();
  const error = Object.assign(
    new pg.DatabaseError('invalid input syntax for type integer: "11010519491231002X"', 0, 'error'),
    {
      code: '22P02',
      routine: 'pg_strtoint32_safe',
      detail: 'Key (candidate_number)=(26330101000001)',
    },
  );
  expect(await printFailure(s, true, error)).toBe(1);
  const { stdout, stderr } = s.read();
  for (const text of [stdout, stderr]) {
    expect(text).toContain('22P02');
    expect(text).not.toContain('11010519491231002X');
    expect(text).not.toContain('26330101000001');
  }
});

it('a table is aligned, a Chinese character taking two cells', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['高考', '1'],
        ['ab', '22'],
      ],
    ),
  ).toEqual(['name  n', '高考  1', 'ab    22']);
});
