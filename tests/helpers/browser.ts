/// <reference lib="dom" />
/**
 * @module A real Chromium for the page's tests: contexts that show what they ask for and complain about,
 * axe-core on what is on the screen, and screenshots for people to look through.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { findChromium } from '../../infra/local/chromium.ts';

/** Where the screenshots go; never committed. */
export const screenshotFolder = fileURLToPath(new URL('../../test-results/screenshots/', import.meta.url));

/** A download of the browser, should there be none, takes minutes. */
export const LAUNCH_TIMEOUT_MS = 600_000;

const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
] as const;

/** Launches the machine's Chromium, fetching it first if need be. */
export async function launchBrowser(): Promise<Browser> {
  const { command, env } = await findChromium({
    searchPath: process.env['PATH'] ?? '',
    isRoot: process.getuid?.() === 0,
    say: (line) => console.log(line),
  });
  return await chromium.launch({
    executablePath: command,
    env: { ...(process.env as Record<string, string>), ...env },
    args: [
      '--headless',
      // Only pages of our own on the loopback interface are opened.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
}

export interface Visitor {
  readonly page: Page;
  /** "GET /path" of everything that was asked for. */
  readonly requests: string[];
  /** Errors of the script, and what the console has at the level of an error: refused styles, say. */
  readonly complaints: string[];
  readonly leave: () => Promise<void>;
}

/** A visitor with an empty profile, on a phone in Chinese unless said otherwise. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: SIZES[0],
    locale: 'zh-CN',
    deviceScaleFactor: 2,
    ...options,
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.protocol !== 'blob:')
      requests.push(`${request.method()} ${url.pathname}${url.search}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Chromium reports each answer of 400 and more like this; they are part of the tests.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, requests, complaints, leave: () => context.close() };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations of WCAG 2.2 AA and of axe's best practices, as "rule: where". */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // The protocol's evaluation is not bound by the page's Content-Security-Policy.
  await page.evaluate(axeSource);
  return await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run: () => Promise<{
          violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
  });
}

/** Whether everything fits into a width, at the usual and at twice the size of text. */
export async function overflowAt(page: Page, width: number): Promise<string[]> {
  const before = page.viewportSize() ?? SIZES[0];
  const faults: string[] = [];
  for (const size of ['', '200%']) {
    await page.setViewportSize({ width, height: 740 });
    const found = await page.evaluate((fontSize) => {
      document.documentElement.style.fontSize = fontSize;
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth ? `${scrollWidth} > ${clientWidth}` : '';
    }, size);
    if (found !== '') faults.push(`text size ${size || '100%'}: ${found}`);
  }
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '';
  });
  await page.setViewportSize(before);
  return faults;
}

/** Pictures of the present state on a phone and on a computer, light and dark. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotFolder, { recursive: true });
  const before = page.viewportSize() ?? SIZES[0];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const file = `${name}-${size.width}-${colorScheme}.png`;
      await page.screenshot({
        path: join(screenshotFolder, file),
        fullPage: size.width === 360,
        animations: 'disabled',
      });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}
