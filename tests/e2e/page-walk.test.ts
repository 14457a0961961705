/// <reference lib="dom" />
/**
 * @module Every state of the examinees' page in a real browser, against the real service on real stores:
 * what is said, what is asked for, what axe-core finds, how it looks.
 */
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  announceSeries,
  fieldsOf,
  gaokaoCandidates,
  loadBatch,
  makeInstallation,
  openBatch,
  presetDefinition,
  publishBatch,
  approveBatch,
  warmBatch,
  withdrawSeries,
} from '../helpers/batch.ts';
import type { Visitor } from '../helpers/browser.ts';
import {
  LAUNCH_TIMEOUT_MS,
  accessibilityFaults,
  launchBrowser,
  overflowAt,
  takeScreenshots,
  visit,
} from '../helpers/browser.ts';
import type { RunningService } from '../helpers/service.ts';
import { startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { parseDefinition } from '../../service/results/definition.ts';
import { MARK_BASE } from '../../service/results/slip.ts';

let browser: Browser;
let installation: Installation;
let service: RunningService;

const gaokao = presetDefinition('gaokao', 'walk-gaokao');
const candidates = gaokaoCandidates(gaokao, 60);
const candidateAt = (index: number): TestCandidate => {
  const found = candidates[index];
  if (found === undefined) throw new Error(`there is no candidate ${index}`);
  return found;
};

/** Slips that are not like the others: by their place among the candidates. */
const ABSENT = 50;
const WITHHELD = 51;
const PARTLY = 52;

beforeAll(async () => {
  const [launched, redis] = await Promise.all([launchBrowser(), redisDatabase()]);
  browser = launched;
  installation = await makeInstallation(redis.url);
  const all = candidates.map((candidate, i): TestCandidate => {
    const { slip } = candidate;
    const none = slip.marks.map(() => 0);
    if (i === ABSENT)
      return {
        ...candidate,
        slip: {
          ...slip,
          status: 'absent',
          marks: slip.marks.map((m) => (m === 0 ? 0 : 1)),
          total: 0,
          rank: undefined,
        },
      };
    if (i === WITHHELD)
      return {
        ...candidate,
        slip: { ...slip, status: 'withheld', marks: none, total: undefined, rank: undefined },
      };
    if (i === PARTLY)
      return {
        ...candidate,
        slip: { ...slip, marks: slip.marks.map((m, at) => (at === 1 ? 1 : at === 2 ? 4 : m)) },
      };
    return candidate;
  });
  await openBatch(installation, gaokao, all);
  await openSets(installation);
  service = await startService({
    runtime: 'bun',
    databaseUrl: installation.serviceUrl,
    redisUrl: redis.url,
    pepperFile: installation.pepperFile,
  });
}, LAUNCH_TIMEOUT_MS);

afterAll(async () => {
  await browser.close();
  await service.stop();
  await installation.database.drop();
});

/** A series with two credential sets, open too. */
async function openSets(to: Installation): Promise<void> {
  const cet = presetDefinition('cet', 'walk-cet');
  await openBatch(to, cet, [
    {
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
    },
  ]);
}

/** Opens the page of a series, and complains at the end about what the browser complained about. */
async function atPage(
  series: string,
  walk: (visitor: Visitor) => Promise<void>,
  options: Parameters<typeof visit>[1] & { before?: (page: Page) => Promise<unknown> } = {},
): Promise<void> {
  const { before, ...contextOptions } = options;
  const visitor = await visit(browser, contextOptions);
  try {
    await before?.(visitor.page);
    await visitor.page.goto(`${service.url}/s/${series}`);
    await walk(visitor);
    expect(visitor.complaints).toEqual([]);
  } finally {
    await visitor.leave();
  }
}

async function fillIn(page: Page, { credentials }: TestCandidate): Promise<void> {
  await page.fill('#f-candidateNumber', credentials['candidateNumber'] ?? '');
  await page.fill('#f-identityNumber', credentials['identityNumber'] ?? '');
}

async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await accessibilityFaults(page)).toEqual([]);
  }
  expect(await overflowAt(page, 320)).toEqual([]);
  await takeScreenshots(page, name);
}

const noticeTitle = (page: Page): Promise<string> => page.innerText('#notice .notice-title');
const isLook = (request: string): boolean => request === 'GET /v1/series';
const isLookup = (request: string): boolean => request.endsWith('/lookup');

/** What the slip on the screen says, as text by label. */
async function slipOn(page: Page): Promise<Record<string, string>> {
  await page.waitForSelector('#slip .who');
  return await page.evaluate(() => {
    const said: Record<string, string> = {};
    for (const pair of document.querySelectorAll('#slip .who > div, #slip .sum > div'))
      said[pair.querySelector('dt')?.textContent ?? ''] = pair.querySelector('dd')?.textContent?.trim() ?? '';
    for (const row of document.querySelectorAll('#slip tbody tr')) {
      const cells = [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '');
      said[row.querySelector('th')?.textContent ?? ''] = cells.filter((cell) => cell !== '').join('/');
    }
    return said;
  });
}

/** The same from the slip itself, not by the code that answers. */
function slipOf({ slip }: TestCandidate): Record<string, string> {
  const said: Record<string, string> = {
    姓名: slip.name,
    准考证号: slip.candidateNumber,
    总分: `${slip.total} 满分 750`,
    位次: `第 ${slip.rank} 名`,
  };
  for (const [i, component] of gaokao.components.entries()) {
    const mark = slip.marks[i] ?? 0;
    if (mark >= MARK_BASE && component.score !== undefined)
      said[component.title.zh] = `${component.score.min + mark - MARK_BASE}/${component.score.max}`;
  }
  return said;
}

describe('a release', () => {
  it('is announced, counted down to, and asked for by the page itself after its time', async () => {
    const definition = presetDefinition('gaokao', 'walk-release');
    const batch = await loadBatch(installation, definition, candidates.slice(0, 5));
    await warmBatch(installation, batch);
    await approveBatch(installation, batch);
    const { opensAtMs } = await publishBatch(installation, batch, 14_000);
    await seen('walk-release');
    await atPage(
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
        await takeScreenshots(page, 'turn');
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

  it('is asked for by the service’s clock when the phone’s is an hour fast or slow', async () => {
    const definition = presetDefinition('gaokao', 'walk-clock');
    await announceSeries(installation, definition, new Date(Date.now() + 30 * 60_000));
    await seen('walk-clock');
    for (const hours of [1, -1]) {
      await atPage(
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
    await announceSeries(installation, definition, new Date(Date.now() + 5 * 3_600_000));
    await seen('walk-moved');
    await atPage(
      'walk-moved',
      async ({ page, requests }) => {
        await fillIn(page, candidateAt(0));
        await page.click('#submit');
        const looks = requests.filter(isLook).length;
        await announceSeries(installation, definition, new Date(Date.now() + 30 * 3_600_000));
        await seen(
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
    await announceSeries(installation, definition, null);
    await seen('walk-someday');
    await atPage('walk-someday', async ({ page }) => {
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
    await openBatch(installation, definition, candidates.slice(0, 5));
    await seen('walk-withdrawn', (series) => series.state === 'open');
    await atPage('walk-withdrawn', async ({ page }) => {
      await withdrawSeries(installation, 'walk-withdrawn');
      await seen('walk-withdrawn', (series) => series.state === 'withdrawn');
      await fillIn(page, candidateAt(0));
      await page.click('#submit');
      await page.waitForSelector('#notice >> text=查询暂停');
    });
    // For a moment the page of before may stand in.
    await expect
      .poll(async () => (await fetch(`${service.url}/s/walk-withdrawn`)).text())
      .toContain('查询暂停');
    await atPage('walk-withdrawn', async ({ page }) => {
      expect(await page.innerText('#state')).toContain('查询暂停');
      await look(page, 'withdrawn');
    });
  });
});

describe('a lookup', () => {
  it('shows the slip, every mark of it, and nothing of it stays when it is cleared', async () => {
    await atPage('walk-gaokao', async ({ page, requests }) => {
      await fillIn(page, candidateAt(1));
      await page.click('#submit');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(1)));
      expect(requests).toEqual(['GET /s/walk-gaokao', 'POST /v1/series/walk-gaokao/lookup']);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('slip-title');
      expect(await page.isVisible('#form')).toBe(false);
      expect(await page.inputValue('#f-identityNumber')).toBe('');
      await look(page, 'found');

      expect(page.url()).toBe(`${service.url}/s/walk-gaokao`);
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
        await page.goto(`${service.url}/`);
        await page.goBack();
        expect(await page.inputValue('#f-identityNumber')).toBe('');
      },
      { before: (page) => page.clock.install() },
    );
  });

  it('of a wrong combination says so kindly and keeps what was typed', async () => {
    await atPage('walk-gaokao', async ({ page }) => {
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
    await atPage('walk-gaokao', async ({ page, requests }) => {
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
    await atPage('walk-gaokao', async ({ page }) => {
      await fillIn(page, candidateAt(index));
      await page.click('#submit');
      await page.waitForSelector('#slip .who');
      expect(await page.innerText('#slip .status')).toBe(title);
      expect(await page.innerText('#slip .next')).toContain(note);
      await look(page, `slip-${name}`);
    });
  });

  it('with another credential set shows only that set’s fields', async () => {
    await atPage('walk-cet', async ({ page }) => {
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
    await openBatch(installation, definition, candidates.slice(0, 3));
    const corrected = gaokaoCandidates(definition, 3, { shift: 5 });
    await openBatch(installation, definition, corrected);
    const [first] = corrected;
    if (first === undefined) throw new Error('there is no candidate');
    await expect
      .poll(async () => (await service.lookup('walk-corrected', fieldsOf(definition, first))).text)
      .toContain('"corrected":true');
    await atPage('walk-corrected', async ({ page }) => {
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
    await atPage('walk-gaokao', async ({ page }) => {
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
      await page.screenshot({ path: 'test-results/screenshots/print.png' });
      expect(printed.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
      expect(await page.isVisible('#slip .actions')).toBe(false);
    });
  });
});

/** A problem of the service, put in the way of a lookup for as long as `until` says. */
async function problem(
  route: Route,
  status: number,
  name: string,
  more: Record<string, unknown> = {},
): Promise<void> {
  await route.fulfill({
    status,
    headers: { 'retry-after': '1' },
    contentType: 'application/problem+json',
    body: JSON.stringify({
      type: `urn:fangbang:problem:${name}`,
      status,
      requestId: '0123456789abcdef',
      ...more,
    }),
  });
}

describe('a service in trouble', () => {
  it('that is overloaded is waited for, and the form is not lost', async () => {
    await atPage('walk-gaokao', async ({ page, requests }) => {
      let refusals = 0;
      await page.route('**/lookup', async (route) => {
        refusals += 1;
        await (refusals <= 2 ? problem(route, 503, 'overloaded') : route.continue());
      });
      await fillIn(page, candidateAt(6));
      await page.click('#submit');
      await page.waitForSelector('text=查询的人很多，正在排队');
      expect(await page.innerText('#count')).toMatch(/^约 \d+ 秒后自动重试$/);
      expect(await page.inputValue('#f-identityNumber')).not.toBe('');
      await look(page, 'overloaded');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(6)));
      expect(requests.filter(isLookup)).toHaveLength(3);
    });
  });

  it('is left alone when one stops waiting, and the form can be changed', async () => {
    await atPage('walk-gaokao', async ({ page, requests }) => {
      await page.route('**/lookup', (route) => problem(route, 503, 'temporarily-unavailable'));
      await fillIn(page, candidateAt(6));
      await page.click('#submit');
      await page.waitForSelector('text=暂时查不了，稍后自动重试');
      expect(await page.isEditable('#f-candidateNumber')).toBe(false);
      await look(page, 'away');
      await page.click('text=停止等待');
      expect(await page.isEditable('#f-candidateNumber')).toBe(true);
      const asked = requests.filter(isLookup).length;
      await page.waitForTimeout(5_000);
      expect(requests.filter(isLookup)).toHaveLength(asked);
    });
  });

  it('that asks for a proof of work gets it, with a sign of what is going on', async () => {
    const { createHash } = await import('node:crypto');
    const salt = '0123456789abcdef01234567?expires=1900000000&';
    const challenge = createHash('sha256').update(`${salt}180000`).digest('hex');
    for (const worker of [true, false]) {
      await atPage(
        'walk-gaokao',
        async ({ page }) => {
          let proof: unknown;
          await page.route('**/lookup', async (route) => {
            const header = route.request().headers()['fangbang-proof'];
            if (header !== undefined) {
              proof = JSON.parse(Buffer.from(header, 'base64').toString());
              await route.continue();
              return;
            }
            await problem(route, 429, 'proof-of-work-required', {
              challenge: { algorithm: 'SHA-256', challenge, maxnumber: 200_000, salt, signature: 'abc' },
            });
          });
          await fillIn(page, candidateAt(7));
          await page.click('#submit');
          await page.waitForSelector('progress');
          if (worker) await takeScreenshots(page, 'proof');
          expect(await slipOn(page)).toEqual(slipOf(candidateAt(7)));
          expect(proof).toEqual({ algorithm: 'SHA-256', challenge, number: 180_000, salt, signature: 'abc' });
        },
        worker ? {} : { before: (page) => page.addInitScript('delete window.Worker') },
      );
    }
  });

  it('that pauses somebody says for how long, and goes on by itself', async () => {
    await atPage('walk-gaokao', async ({ page }) => {
      let refused = false;
      await page.route('**/lookup', async (route) => {
        if (refused) return await route.continue();
        refused = true;
        await problem(route, 429, 'too-many-attempts');
      });
      await fillIn(page, candidateAt(8));
      await page.click('#submit');
      await page.waitForSelector('text=尝试次数过多，需要暂停一会儿');
      await look(page, 'paused');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(8)));
    });
  });

  it('that cannot be reached is waited for, and asked soon after the network is back', async () => {
    await atPage('walk-gaokao', async ({ page }) => {
      await page.context().setOffline(true);
      await fillIn(page, candidateAt(9));
      await page.click('#submit');
      await page.waitForSelector('text=网络断开了');
      await look(page, 'offline');
      await page.context().setOffline(false);
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(9)));
    });
  });

  it('behind a balancer with words of its own is waited for too', async () => {
    await atPage('walk-gaokao', async ({ page }) => {
      let refused = 0;
      await page.route('**/lookup', async (route) => {
        refused += 1;
        if (refused === 1)
          await route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway' });
        else if (refused === 2)
          await route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Log in' });
        else await route.continue();
      });
      await fillIn(page, candidateAt(10));
      await page.click('#submit');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(10)));
      expect(refused).toBe(3);
    });
  });
});

describe('a visitor', () => {
  it('without JavaScript gets form, faults and slip from the service', async () => {
    await atPage(
      'walk-gaokao',
      async ({ page }) => {
        await page.fill('#f-candidateNumber', '26330101');
        await page.click('#submit');
        expect(await page.innerText('#e-candidateNumber')).toContain('位数或格式不对');
        expect(await page.innerText('#e-identityNumber')).toContain('请填写');
        expect(await page.inputValue('#f-candidateNumber')).toBe('26330101');
        await takeScreenshots(page, 'no-script-faults');

        const { credentials } = candidateAt(11);
        await fillIn(page, {
          ...candidateAt(11),
          credentials: { ...credentials, candidateNumber: '26330101999999' },
        });
        await page.click('#submit');
        expect(await noticeTitle(page)).toBe('没有查到，请核对');
        expect(await page.inputValue('#f-identityNumber')).toBe(credentials['identityNumber']);

        await fillIn(page, candidateAt(11));
        await page.click('#submit');
        expect(await slipOn(page)).toEqual(slipOf(candidateAt(11)));
        expect(page.url()).toBe(`${service.url}/s/walk-gaokao?lang=zh`);
        await takeScreenshots(page, 'no-script-slip');
      },
      { javaScriptEnabled: false },
    );
  });

  it('who reads English gets English, by the browser’s wish or by the link', async () => {
    await atPage(
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
    const visitor = await visit(browser);
    await visitor.page.goto(`${service.url}/`);
    expect(await visitor.page.innerText('main')).toContain(gaokao.title.zh);
    await look(visitor.page, 'list');
    await visitor.page.click(`a[href^="/s/walk-gaokao"]`);
    await visitor.page.click('text=全部考试');
    expect(new URL(visitor.page.url()).pathname).toBe('/');
    expect(visitor.complaints).toEqual([]);
    await visitor.leave();
  });

  it('with a browser of 2018 is served as well', async () => {
    await atPage(
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
    await atPage('walk-gaokao', async ({ page }) => {
      await fillIn(page, candidateAt(14));
      await page.click('#submit');
      await slipOn(page);
      await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')));
      expect(await page.content()).not.toContain(candidateAt(14).slip.name);
    });
  });
});

/** Waits until the service has read of a series. */
async function seen(
  series: string,
  holds: (series: { state: string; releaseAt: string | null }) => boolean = () => true,
): Promise<void> {
  for (;;) {
    const body = (await (await fetch(`${service.url}/v1/series`)).json()) as {
      series: { id: string; state: string; releaseAt: string | null }[];
    };
    const found = body.series.find((one) => one.id === series);
    if (found !== undefined && holds(found)) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
