/// <reference lib="dom" />
/**
 * @module A lookup on the examinees' page, in a real browser: every kind of slip, faults, print, picture, clearing.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fieldsOf, gaokaoCandidates, openBatch, presetDefinition } from '../helpers/batch.ts';
import { screenshotFolder, takeScreenshots } from '../helpers/browser.ts';
import {
  ABSENT,
  PARTLY,
  WITHHELD,
  atPage,
  candidateAt,
  candidates,
  fillIn,
  gaokao,
  isLookup,
  look,
  seen,
  setPageStage,
  slipOf,
  slipOn,
} from '../helpers/page-stage.ts';
import { parseDefinition } from '../../service/results/definition.ts';
import { MARK_BASE } from '../../service/results/slip.ts';

const stage = setPageStage();

/** Of the CET preset, with a remark on the slip. */
const CET_CANDIDATE = {
  credentials: { candidateNumber: '330010261100101', name: '林泽', identityNumber: '11010519491231002X' },
  slip: {
    candidateNumber: '330010261100101',
    name: '林泽',
    status: 'scored',
    marks: [MARK_BASE + 180, MARK_BASE + 190, MARK_BASE + 150, MARK_BASE + 2],
    total: 520,
    rank: undefined,
    flags: 1,
  },
} as const;

describe('a lookup', () => {
  it('shows the slip, every mark of it, and nothing of it stays when it is cleared', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
      await fillIn(page, candidateAt(1));
      await page.click('#submit');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(1)));
      expect(requests).toEqual(['GET /s/walk-gaokao', 'POST /v1/series/walk-gaokao/lookup']);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('slip-title');
      expect(await page.isVisible('#form')).toBe(false);
      expect(await page.inputValue('#f-identityNumber')).toBe('');
      await look(page, 'found');

      expect(page.url()).toBe(`${stage().service.url}/s/walk-gaokao`);
      const kept = await page.evaluate(() => [
        localStorage.length,
        sessionStorage.length,
        document.cookie,
        JSON.stringify(history.state),
      ]);
      expect(kept).toEqual([0, 0, '', 'null']);

      await page.click('text=查完了，清除');
      expect(await page.isVisible('#slip')).toBe(false);
      expect(await page.content()).not.toContain(candidateAt(1).slip.name);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('f-candidateNumber');
    });
  });

  it('is cleared by itself when nobody touches the page, and when it is left', async () => {
    await atPage(
      stage(),
      'walk-gaokao',
      async ({ page }) => {
        await fillIn(page, candidateAt(2));
        await page.click('#submit');
        await slipOn(page);
        await page.clock.fastForward(9 * 60_000);
        expect(await page.isVisible('#slip')).toBe(true);
        await page.clock.fastForward(70_000);
        await page.waitForSelector('text=页面已自动清空');
        expect(await page.content()).not.toContain(candidateAt(2).slip.name);
        await takeScreenshots(page, 'cleared');

        await fillIn(page, candidateAt(2));
        await page.goto(`${stage().service.url}/`);
        await page.goBack();
        expect(await page.inputValue('#f-identityNumber')).toBe('');
      },
      { before: (page) => page.clock.install() },
    );
  });

  it('of a wrong combination says so kindly and keeps what was typed', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
      const { credentials } = candidateAt(3);
      await fillIn(page, {
        ...candidateAt(3),
        credentials: { ...credentials, candidateNumber: '26330101999999' },
      });
      await page.click('#submit');
      await page.waitForSelector('text=没有查到，请核对');
      expect(await page.inputValue('#f-candidateNumber')).toBe('26330101999999');
      expect(await page.isVisible('#submit')).toBe(true);
      await look(page, 'not-found');
    });
  });

  it('is checked before it is sent: what is wrong is said at its field', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
      await page.fill('#f-candidateNumber', '２６３３ 0101');
      await page.fill('#f-identityNumber', '110105194912310021');
      await page.click('#submit');
      expect(await page.innerText('#e-candidateNumber')).toContain('位数或格式不对');
      expect(await page.innerText('#e-identityNumber')).toContain('有一位可能输错了');
      expect(await page.getAttribute('#f-identityNumber', 'aria-invalid')).toBe('true');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('f-candidateNumber');
      expect(await page.innerText('#h-candidateNumber')).toBe('已填 8 位，共 14 位');
      expect(requests.filter(isLookup)).toEqual([]);
      await look(page, 'faults');

      // Full-width digits and a lower-case x are no faults, on the way either.
      await fillIn(page, candidateAt(4));
      const { candidateNumber = '' } = candidateAt(4).credentials;
      const wide = candidateNumber.replace(/\d/g, (d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0));
      await page.fill('#f-candidateNumber', ` ${wide}`);
      expect(await page.innerText('#h-candidateNumber')).toContain(`已自动整理为 ${candidateNumber}`);
      await page.click('#submit');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(4)));
    });
  });

  it.each([
    ['absent', ABSENT, '缺考', '如与事实不符'],
    ['withheld', WITHHELD, '成绩暂缓公布', '这不表示不合格'],
    ['partly', PARTLY, '成绩已公布', '缺考：记录显示没有参加这一科'],
  ])('with the state %s says in words what it means', async (name, index, title, note) => {
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
      await fillIn(page, candidateAt(index));
      await page.click('#submit');
      await page.waitForSelector('#slip .who');
      expect(await page.innerText('#slip .status')).toBe(title);
      expect(await page.innerText('#slip .next')).toContain(note);
      await look(page, `slip-${name}`);
    });
  });

  it('with another credential set shows only that set’s fields', async () => {
    await openBatch(stage().installation, presetDefinition('cet', 'walk-cet'), [CET_CANDIDATE]);
    await seen(stage(), 'walk-cet', (series) => series.state === 'open');
    await atPage(stage(), 'walk-cet', async ({ page }) => {
      expect(await page.isVisible('#f-candidateNumber')).toBe(true);
      expect(await page.isVisible('#f-identityNumber')).toBe(false);
      await look(page, 'sets');
      await page.click('text=证件号码 + 姓名');
      expect(await page.isVisible('#f-candidateNumber')).toBe(false);
      await page.fill('#f-identityNumber', '11010519491231002x');
      await page.fill('#f-name', '林 泽');
      await page.click('#submit');
      const said = await slipOn(page);
      expect(said).toMatchObject({ 听力: '180/249', 口试: 'B+', 总分: '520 满分 710' });
      expect(await page.innerText('#slip .flags')).toContain('听力障碍');
      await look(page, 'slip-cet');
    });
  });

  it('of a corrected result says so, with the series’ own words above and below', async () => {
    const source = `${gaokao.source}
texts:
  introduction: { zh: 咨询电话 0571-12345678, en: Please call 0571-12345678 }
  footer: { zh: 复核申请截至 6 月 28 日。, en: Re-marks until 28 June. }
`;
    const definition = parseDefinition(source.replace(/^id: .*$/m, 'id: walk-corrected'), 'walk-corrected');
    await openBatch(stage().installation, definition, candidates.slice(0, 3));
    const corrected = gaokaoCandidates(definition, 3, { shift: 5 });
    await openBatch(stage().installation, definition, corrected);
    const [first] = corrected;
    if (first === undefined) throw new Error('there is no candidate');
    await expect
      .poll(async () => (await stage().service.lookup('walk-corrected', fieldsOf(definition, first))).text)
      .toContain('"corrected":true');
    await atPage(stage(), 'walk-corrected', async ({ page }) => {
      expect(await page.innerText('.introduction')).toContain('0571-12345678');
      await fillIn(page, first);
      await page.click('#submit');
      expect(await slipOn(page)).toEqual(slipOf(first));
      expect(await page.innerText('#slip .stamp')).toBe('更正后');
      expect(await page.innerText('#slip .next')).toContain('此前公布的以此为准');
      expect(await page.innerText('#slip .next')).toContain('复核申请截至 6 月 28 日。');
      await look(page, 'corrected');
    });
  });

  it('is printed on one page of A4 and saved as an image', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
      await fillIn(page, candidateAt(5));
      await page.click('#submit');
      await slipOn(page);
      await page.click('text=保存为图片');
      await page.waitForSelector('.picture img');
      const size = await page.evaluate(async () => {
        const image = document.querySelector<HTMLImageElement>('.picture img');
        await image?.decode();
        return { width: image?.naturalWidth ?? 0, height: image?.naturalHeight ?? 0 };
      });
      expect(size.width).toBe(1440);
      expect(size.height).toBeGreaterThan(1440);
      await look(page, 'image');

      await page.emulateMedia({ media: 'print' });
      await page.setViewportSize({ width: 794, height: 1123 });
      const printed = await page.pdf({ preferCSSPageSize: true });
      await page.screenshot({ path: join(screenshotFolder, 'print.png') });
      expect(printed.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
      expect(await page.isVisible('#slip .actions')).toBe(false);
    });
  });
});
