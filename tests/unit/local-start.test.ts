import { describe, expect, it } from 'vitest';
import { credentialsOnly, oneCandidate } from '../../infra/local/demo.ts';
import { claimCheckout } from '../../infra/local/one-at-a-time.ts';
import { progressOn } from '../../infra/local/progress.ts';
import { SetupError, sentenceFor } from '../../infra/local/setup-error.ts';

describe('the demo credentials', () => {
  it('are the sample’s without the column of expected answers, quoted where needed', () => {
    const sample = '\uFEFFcandidateNumber,expected,name\n1,"{""total"":600}","Li, ""Lei"""\n2,{},林泽\n';
    expect(credentialsOnly(sample)).toBe('candidateNumber,name\n1,"Li, ""Lei"""\n2,林泽\n');
  });

  it('give one candidate as the API takes it', () => {
    expect(oneCandidate('candidateNumber,name\n1,林泽\n2,李雷\n')).toEqual({
      candidateNumber: '1',
      name: '林泽',
    });
  });
});

describe('one start per checkout', () => {
  it('a second one is refused with what to do, and allowed when the first has ended', async () => {
    const giveBack = await claimCheckout('/somewhere');
    await expect(claimCheckout('/somewhere')).rejects.toThrow(
      `Another "npm start" (process ${process.pid}) runs in /somewhere: use that one, or stop it with Ctrl-C first.`,
    );
    giveBack();
    const again = await claimCheckout('/somewhere');
    again();
  });
});

describe('progress', () => {
  it('is shown while the work runs, and its end or its failure after it', async () => {
    const shown: string[] = [];
    const progress = progressOn({ write: (text) => shown.push(text) });
    await progress('loading', () => Promise.resolve(shown.push('(working)')));
    await expect(progress('warming', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(shown).toEqual([
      '  loading … ',
      '(working)',
      expect.stringMatching(/^\d+\.\d s\n$/),
      '  warming … ',
      'failed\n',
    ]);
  });
});

describe('sentences for faults', () => {
  it.each([
    [new SetupError('Do this.'), 'Do this.'],
    [Object.assign(new Error('write'), { code: 'ENOSPC' }), 'The disk is full: free some space'],
    [Object.assign(new Error('open'), { code: 'EACCES', path: '/x' }), 'There is no permission to use /x'],
    [Object.assign(new Error('insert'), { code: '53100' }), 'The disk is full: free some space'],
    [Object.assign(new Error('open'), { code: 'EROFS' }), 'The file system is read-only'],
  ])('%s', (fault, sentence) => {
    expect(sentenceFor(fault)).toContain(sentence);
  });

  it('an unforeseen fault keeps its stack', () => {
    expect(sentenceFor(new Error('unforeseen'))).toContain('local-start.test.ts');
  });
});
