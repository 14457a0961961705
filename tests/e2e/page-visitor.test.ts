/// <reference lib="dom" />
/**
 * @module Who comes to the examinees' page: without a script, in English, with an old browser, and leaving.
 */
import { describe, expect, it } from 'vitest';
import { announceSeries, presetDefinition } from '../helpers/batch.ts';
import { visit } from '../helpers/browser.ts';
import {
  atPage,
  candidateAt,
  fillIn,
  gaokao,
  look,
  lookWithoutScript,
  noticeTitle,
  seen,
  setPageStage,
  slipOf,
  slipOn,
} from '../helpers/page-stage.ts';

const stage = setPageStage();

describe('a visitor', () => {
  it('without JavaScript gets form, faults and slip from the service', async () => {
    await atPage(
      stage(),
      'walk-gaokao',
      async ({ page }) => {
        await page.fill('#f-candidateNumber', '26330101');
        await page.click('#submit');
        expect(await page.innerText('#e-candidateNumber')).toContain('位数或格式不对');
        expect(await page.innerText('#e-identityNumber')).toContain('请填写');
        expect(await page.inputValue('#f-candidateNumber')).toBe('26330101');
        await lookWithoutScript(stage(), page, 'no-script-faults');

        const { credentials } = candidateAt(11);
        await fillIn(page, {
          ...candidateAt(11),
          credentials: { ...credentials, candidateNumber: '26330101999999' },
        });
        await page.click('#submit');
        expect(await noticeTitle(page)).toBe('没有查到，请核对');
        expect(await page.inputValue('#f-identityNumber')).toBe(credentials['identityNumber']);
        await lookWithoutScript(stage(), page, 'no-script-not-found');

        await fillIn(page, candidateAt(11));
        await page.click('#submit');
        expect(await slipOn(page)).toEqual(slipOf(candidateAt(11)));
        expect(page.url()).toBe(`${stage().service.url}/s/walk-gaokao?lang=zh`);
        await lookWithoutScript(stage(), page, 'no-script-slip');
      },
      { javaScriptEnabled: false },
    );
  });

  it('without JavaScript who asks too early is told when to come', async () => {
    const early = presetDefinition('gaokao', 'walk-early');
    await announceSeries(stage().installation, early, new Date('2099-06-25T01:00:00Z'));
    await seen(stage(), 'walk-early');
    await atPage(
      stage(),
      'walk-early',
      async ({ page }) => {
        await fillIn(page, candidateAt(0));
        await page.click('#submit');
        expect(await noticeTitle(page)).toBe('还没有到公布时间');
        expect(await page.innerText('#notice')).toContain('2099年6月25日 09:00');
        await lookWithoutScript(stage(), page, 'no-script-not-released');
      },
      { javaScriptEnabled: false },
    );
  });

  it('who reads English gets English, by the browser’s wish or by the link', async () => {
    await atPage(
      stage(),
      'walk-gaokao',
      async ({ page }) => {
        expect(await page.getAttribute('html', 'lang')).toBe('en');
        await fillIn(page, candidateAt(12));
        await page.click('text=Look up');
        await page.waitForSelector('#slip .who');
        expect(await page.innerText('#slip')).toContain('Candidate number');
        await look(page, 'english-slip');
        await page.click('text=中文');
        expect(await page.getAttribute('html', 'lang')).toBe('zh-Hans');
        await page.click('text=English');
        expect(await page.innerText('h1')).toContain('Zhejiang College Entrance Examination');
        await look(page, 'english');
      },
      { locale: 'en-GB' },
    );
  });

  it('who comes to the front door finds all exams, each with its state', async () => {
    const other = presetDefinition('ntce-interview', 'walk-other');
    await announceSeries(stage().installation, other, new Date('2099-06-25T01:00:00Z'));
    await seen(stage(), 'walk-other');
    const visitor = await visit(stage().browser);
    await visitor.page.goto(`${stage().service.url}/`);
    expect(await visitor.page.innerText('main')).toContain(gaokao.title.zh);
    expect(await visitor.page.innerText('main')).toContain('公布时间 2099年6月25日 09:00');
    await look(visitor.page, 'list');
    await visitor.page.click(`a[href^="/s/walk-gaokao"]`);
    await visitor.page.click('text=全部考试');
    expect(new URL(visitor.page.url()).pathname).toBe('/');
    expect(visitor.complaints).toEqual([]);
    await visitor.leave();
  });

  it('with a browser of 2018 is served as well', async () => {
    await atPage(
      stage(),
      'walk-gaokao',
      async ({ page }) => {
        await fillIn(page, candidateAt(13));
        await page.click('#submit');
        expect(await slipOn(page)).toEqual(slipOf(candidateAt(13)));
        await page.click('text=保存为图片');
        await page.waitForSelector('.picture img');
      },
      {
        // What Chrome 66 did not have and a script may well use; syntax is held to by a unit test.
        before: (page) =>
          page.addInitScript(`
            for (const [owner, names] of [
              [Array.prototype, ['at', 'flat', 'flatMap', 'findLast', 'toSorted', 'toSpliced', 'with']],
              [String.prototype, ['at', 'matchAll', 'replaceAll', 'trimStart', 'trimEnd']],
              [Object, ['fromEntries', 'hasOwn', 'groupBy']],
              [Promise, ['allSettled', 'any', 'try', 'withResolvers']],
              [Element.prototype, ['replaceChildren', 'checkVisibility', 'toggleAttribute']],
              [AbortSignal, ['timeout', 'any', 'abort']],
              [window, ['structuredClone', 'queueMicrotask', 'ResizeObserver', 'WeakRef']],
              [crypto, ['randomUUID']],
            ])
              for (const name of names) delete owner[name];
            delete Crypto.prototype.randomUUID;
          `),
      },
    );
  });

  it('who leaves the slip’s page has nothing left behind in it', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
      await fillIn(page, candidateAt(14));
      await page.click('#submit');
      await slipOn(page);
      await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')));
      expect(await page.content()).not.toContain(candidateAt(14).slip.name);
    });
  });
});
