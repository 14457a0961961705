/// <reference lib="dom" />
/**
 * @module The examinees' page around a release, in a real browser: announced, counted down to, moved, withdrawn.
 */
import { describe, expect, it } from 'vitest';
import {
  announceSeries,
  loadBatch,
  openBatch,
  presetDefinition,
  publishBatch,
  approveBatch,
  warmBatch,
  withdrawSeries,
} from '../helpers/batch.ts';
import {
  atPage,
  candidateAt,
  candidates,
  fillIn,
  isLook,
  isLookup,
  look,
  noticeTitle,
  seen,
  setPageStage,
  slipOf,
  slipOn,
} from '../helpers/page-stage.ts';

const stage = setPageStage();

describe('a release', () => {
  it('is announced, counted down to, and asked for by the page itself after its time', async () => {
    const definition = presetDefinition('gaokao', 'walk-release');
    const batch = await loadBatch(stage().installation, definition, candidates.slice(0, 5));
    await warmBatch(stage().installation, batch);
    await approveBatch(stage().installation, batch);
    const { opensAtMs } = await publishBatch(stage().installation, batch, 22_000);
    await seen(stage(), 'walk-release');
    await atPage(
      stage(),
      'walk-release',
      async ({ page, requests }) => {
        expect(requests).toEqual(['GET /s/walk-release']);
        expect(await page.innerText('#state')).toContain('成绩将于');
        expect(await page.innerText('#countdown')).toMatch(/00:00:\d\d/);
        await look(page, 'before-release');

        await fillIn(page, candidateAt(0));
        await page.click('#submit');
        expect(await noticeTitle(page)).toBe('已准备好，到点自动查询');
        expect(await page.innerText('#submit ~ button')).toBe('修改');
        await look(page, 'armed');
        expect(requests.filter(isLookup)).toEqual([]);

        await page.waitForSelector('text=已到公布时间，马上轮到您', { timeout: 20_000 });
        const asked = page.waitForRequest((request) => isLookup(request.url()), { timeout: 20_000 });
        await asked;
        // The database's clock and this process's are the same machine's.
        expect(Date.now() - opensAtMs).toBeGreaterThanOrEqual(0);
        expect(await slipOn(page)).toEqual(slipOf(candidateAt(0)));
        expect(requests.filter(isLookup)).toHaveLength(1);
      },
      // The place in the crowd: half way through the spread.
      { before: (page) => page.addInitScript('Math.random = () => 0.5') },
    );
  });

  it('whose time has come says to each page that waits for its turn how long that is', async () => {
    const definition = presetDefinition('gaokao', 'walk-turn');
    await announceSeries(stage().installation, definition, new Date(Date.now() + 6_000));
    await seen(stage(), 'walk-turn');
    await atPage(
      stage(),
      'walk-turn',
      async ({ page, requests }) => {
        await fillIn(page, candidateAt(0));
        await page.click('#submit');
        await page.waitForSelector('text=已到公布时间，马上轮到您', { timeout: 20_000 });
        // The turn is over after 8 seconds, which a busy machine needs for a look at it.
        await page.clock.setFixedTime(await page.evaluate(() => Date.now()));
        await look(page, 'turn');
        expect(await noticeTitle(page)).toBe('已到公布时间，马上轮到您');
        expect(await page.innerText('#count')).toMatch(/^约 \d+ 秒后查询$/);
        expect(requests.filter(isLookup)).toEqual([]);
      },
      {
        // The last place in the crowd.
        before: async (page) => {
          await page.clock.install();
          await page.addInitScript('Math.random = () => 0.999');
        },
      },
    );
  });

  it('is asked for by the service’s clock when the phone’s is an hour fast or slow', async () => {
    const definition = presetDefinition('gaokao', 'walk-clock');
    await announceSeries(stage().installation, definition, new Date(Date.now() + 30 * 60_000));
    await seen(stage(), 'walk-clock');
    for (const hours of [1, -1]) {
      await atPage(
        stage(),
        'walk-clock',
        async ({ page }) => {
          expect(await page.innerText('#countdown')).toMatch(/00:(29|30):\d\d/);
        },
        {
          before: (page) =>
            page.addInitScript(`{
              const real = Date.now.bind(Date);
              Date.now = () => real() + ${hours * 3_600_000};
            }`),
        },
      );
    }
  });

  it('that is moved while a page waits is noticed by the page', async () => {
    const definition = presetDefinition('gaokao', 'walk-moved');
    await announceSeries(stage().installation, definition, new Date(Date.now() + 5 * 3_600_000));
    await seen(stage(), 'walk-moved');
    await atPage(
      stage(),
      'walk-moved',
      async ({ page, requests }) => {
        await fillIn(page, candidateAt(0));
        await page.click('#submit');
        const looks = requests.filter(isLook).length;
        await announceSeries(stage().installation, definition, new Date(Date.now() + 30 * 3_600_000));
        await seen(
          stage(),
          'walk-moved',
          (series) => Date.parse(series.releaseAt ?? '') > Date.now() + 29 * 3_600_000,
        );
        await page.clock.fastForward(16 * 60_000);
        await page.waitForFunction(() => document.querySelector('#countdown')?.textContent?.includes('1 天'));
        expect(requests.filter(isLook)).toHaveLength(looks + 1);
        expect(await noticeTitle(page)).toBe('已准备好，到点自动查询');
        expect(await page.inputValue('#f-candidateNumber')).not.toBe('');
      },
      { before: (page) => page.clock.install() },
    );
  });

  it('without a time says that the time is not set', async () => {
    const definition = presetDefinition('xuekao', 'walk-someday');
    await announceSeries(stage().installation, definition, null);
    await seen(stage(), 'walk-someday');
    await atPage(stage(), 'walk-someday', async ({ page }) => {
      expect(await page.innerText('#state')).toContain('公布时间待定');
      await fillIn(page, {
        ...candidateAt(0),
        credentials: {
          candidateNumber: '260133010001',
          identityNumber: candidateAt(0).credentials['identityNumber'] ?? '',
        },
      });
      await page.click('#submit');
      await page.waitForSelector('text=还没有到公布时间');
      await look(page, 'someday');
    });
  });

  it('that is withdrawn gives way to words', async () => {
    const definition = presetDefinition('gaokao', 'walk-withdrawn');
    await openBatch(stage().installation, definition, candidates.slice(0, 5));
    await seen(stage(), 'walk-withdrawn', (series) => series.state === 'open');
    await atPage(stage(), 'walk-withdrawn', async ({ page }) => {
      await withdrawSeries(stage().installation, 'walk-withdrawn');
      await seen(stage(), 'walk-withdrawn', (series) => series.state === 'withdrawn');
      await fillIn(page, candidateAt(0));
      await page.click('#submit');
      await page.waitForSelector('#notice >> text=查询暂停');
    });
    // For a moment the page of before may stand in.
    await expect
      .poll(async () => (await fetch(`${stage().service.url}/s/walk-withdrawn`)).text())
      .toContain('class="state withdrawn"');
    await atPage(stage(), 'walk-withdrawn', async ({ page }) => {
      expect(await page.innerText('#state')).toContain('查询暂停');
      await look(page, 'withdrawn');
    });
  });
});
