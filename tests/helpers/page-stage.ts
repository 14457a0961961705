/// <reference lib="dom" />
/**
 * @module What the walks over the examinees' page share: a browser, a released series on real stores behind the
 * real service, and how to fill in, look at and read the page.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { MARK_BASE } from '../../service/results/slip.ts';
import type { Installation, TestCandidate } from './batch.ts';
import { gaokaoCandidates, makeInstallation, openBatch, presetDefinition } from './batch.ts';
import type { Visitor } from './browser.ts';
import {
  LAUNCH_TIMEOUT_MS,
  accessibilityFaults,
  launchBrowser,
  overflowAt,
  takeScreenshots,
  visit,
} from './browser.ts';
import type { RunningService } from './service.ts';
import { startService } from './service.ts';
import { redisDatabase } from './stores.ts';

export const gaokao = presetDefinition('gaokao', 'walk-gaokao');
export const candidates = gaokaoCandidates(gaokao, 60);

export function candidateAt(index: number): TestCandidate {
  const found = candidates[index];
  if (found === undefined) throw new Error(`there is no candidate ${index}`);
  return found;
}

/** Slips that are not like the others: by their place among the candidates. */
export const ABSENT = 50;
export const WITHHELD = 51;
export const PARTLY = 52;

/** As they are loaded. */
function loadedCandidates(): TestCandidate[] {
  return candidates.map((candidate, i) => {
    const { slip } = candidate;
    if (i === ABSENT) {
      const marks = slip.marks.map((mark) => (mark === 0 ? 0 : 1));
      return { ...candidate, slip: { ...slip, status: 'absent', marks, total: 0, rank: undefined } };
    }
    if (i === WITHHELD) {
      const marks = slip.marks.map(() => 0);
      return {
        ...candidate,
        slip: { ...slip, status: 'withheld', marks, total: undefined, rank: undefined },
      };
    }
    if (i !== PARTLY) return candidate;
    const marks = slip.marks.map((mark, at) => (at === 1 ? 1 : at === 2 ? 4 : mark));
    return { ...candidate, slip: { ...slip, marks } };
  });
}

export interface PageStage {
  readonly browser: Browser;
  readonly installation: Installation;
  readonly service: RunningService;
}

/** Sets the stage before a file's tests and clears it after them. */
export function setPageStage(): () => PageStage {
  let stage: PageStage | undefined;
  beforeAll(async () => {
    const [browser, redis] = await Promise.all([launchBrowser(), redisDatabase()]);
    const installation = await makeInstallation(redis.url);
    await openBatch(installation, gaokao, loadedCandidates());
    const service = await startService({
      runtime: 'bun',
      databaseUrl: installation.serviceUrl,
      redisUrl: redis.url,
      pepperFile: installation.pepperFile,
    });
    stage = { browser, installation, service };
  }, LAUNCH_TIMEOUT_MS);
  afterAll(async () => {
    await stage?.browser.close();
    await stage?.service.stop();
    await stage?.installation.database.drop();
  });
  return () => {
    if (stage === undefined) throw new Error('the stage is not set');
    return stage;
  };
}

/** Opens the page of a series; at the end nothing may have been complained about by the browser. */
export async function atPage(
  { browser, service }: PageStage,
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

export async function fillIn(page: Page, { credentials }: TestCandidate): Promise<void> {
  await page.fill('#f-candidateNumber', credentials['candidateNumber'] ?? '');
  await page.fill('#f-identityNumber', credentials['identityNumber'] ?? '');
}

/** Whether everybody can read the present state, and pictures of it under the name. */
export async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await accessibilityFaults(page)).toEqual([]);
  }
  expect(await overflowAt(page, 320)).toEqual([]);
  await takeScreenshots(page, name);
}

/**
 * The same of an answer without a script. axe-core needs timers, which a page whose scripts are switched off has
 * none of, so it judges the same document in a page that may run scripts; the document has none of its own.
 */
export async function lookWithoutScript({ browser }: PageStage, page: Page, name: string): Promise<void> {
  const html = await page.content();
  expect(html).not.toMatch(/<script(?! type="application\/json")/);
  const reader = await visit(browser);
  try {
    await reader.page.route(page.url(), (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await reader.page.goto(page.url());
    expect(await reader.page.innerText('main')).toBe(await page.innerText('main'));
    await look(reader.page, name);
  } finally {
    await reader.leave();
  }
}

export const noticeTitle = (page: Page): Promise<string> => page.innerText('#notice .notice-title');
export const isLook = (request: string): boolean => request === 'GET /v1/series';
export const isLookup = (request: string): boolean => request.endsWith('/lookup');

/** What the slip on the screen says, as text by label. */
export async function slipOn(page: Page): Promise<Record<string, string>> {
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
export function slipOf({ slip }: TestCandidate): Record<string, string> {
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

/** Waits until the service has read of a series. */
export async function seen(
  { service }: PageStage,
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
