import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedSlip } from '../helpers/definitions.ts';
import { compileAnswer } from '../../service/results/answer.ts';
import type { OfficialCandidate } from '../helpers/official-gaokao.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';

let desk: CliDesk;
let batch: DeskBatch;
let candidate: OfficialCandidate;

beforeAll(async () => {
  desk = await openCliDesk();
  batch = await desk.makeBatch('zj-gaokao-2026', 5);
  const [, , third] = batch.candidates;
  if (third === undefined) throw new Error('no candidate');
  candidate = third;
});
afterAll(() => desk.close());

function preview(lines: readonly string[], ...more: string[]): ReturnType<CliDesk['asLoader']> {
  return desk.asLoader(['preview', String(batch.number), ...more], { input: lines.join('\n') });
}

describe('preview', () => {
  const notBefore = '2036-06-25T09:00:00+08:00';

  it('is byte by byte the answer of the service, with the approved time before the opening', async () => {
    await desk.asApprover([
      'approve',
      String(batch.number),
      '--checksum',
      batch.checksum,
      '--not-before',
      notBefore,
    ]);
    const expected = compileAnswer(batch.definition, {
      number: batch.number,
      opensAtMs: Date.parse(notBefore),
      corrected: false,
      rehearsal: false,
    })(storedSlip(batch.definition, candidate.slip)).toString();
    const credentials = [candidate.candidateNumber, candidate.identityNumber];
    const human = await preview(credentials);
    expect(human).toMatchObject({ exitCode: 0, stdout: `${expected}\n` });
    expect(human.stderr).toContain('is not published: publishedAt is the approved time');
    expect((await preview(credentials, '--json')).stdout).toBe(`${expected}\n`);
    // As the candidate may type them.
    const typed = await preview([` ${candidate.candidateNumber} `, candidate.identityNumber.toLowerCase()]);
    expect(typed.stdout).toBe(`${expected}\n`);
  });

  it('of credentials that nobody has ends with exit code 4', async () => {
    const [other] = batch.candidates;
    const result = await preview([candidate.candidateNumber, other?.identityNumber ?? ''], '--json');
    expect(refusalOf(result)).toEqual({ code: 'candidate-not-found', exitCode: 4 });
  });

  it.each([
    ['a malformed number', ['1', '2']],
    ['a missing line', ['26330101000001']],
    ['no line', []],
  ])('of %s ends with exit code 2 and never shows what was given', async (_, lines) => {
    const result = await preview([...lines], '--json');
    expect(refusalOf(result)).toEqual({ code: 'usage', exitCode: 2 });
    expect(result.stderr).toContain('in this order: candidateNumber, identityNumber');
  });

  it('does not know another credential set', async () => {
    expect(refusalOf(await preview([], '--set', 'name-and-pin', '--json'))).toEqual({
      code: 'usage',
      exitCode: 2,
    });
  });

  it('after the opening shows its time, and a later batch as a correction', async () => {
    const number = String(batch.number);
    await desk.asApprover(['approve', number, '--checksum', batch.checksum, '--not-before', 'now']);
    await desk.asLoader(['warm', number]);
    await desk.asLoader(['verify', number]);
    const { opensAt } = jsonOf(await desk.asLoader(['publish', number, '--at', 'now', '--json']));
    const credentials = [candidate.candidateNumber, candidate.identityNumber];
    const open = await preview(credentials);
    expect(open.stderr).toBe('');
    const { batch: shown } = jsonOf(open) as { batch: { publishedAt: string; corrected: boolean } };
    expect(Date.parse(shown.publishedAt)).toBe(Math.floor(Date.parse(String(opensAt)) / 1000) * 1000);
    expect(shown.corrected).toBe(false);

    const later = await desk.makeBatch('zj-gaokao-2026', 5, 1);
    const input = credentials.join('\n');
    const corrected = await desk.asLoader(['preview', String(later.number)], { input });
    expect(jsonOf(corrected)).toMatchObject({ batch: { number: later.number, corrected: true } });
  });
});
