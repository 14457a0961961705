/// <reference lib="dom" />
/**
 * @module The examinees' page in a real browser when the service is overloaded, away, or asks for more.
 */
import type { Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { TestCandidate } from '../helpers/batch.ts';
import { fieldsOf } from '../helpers/batch.ts';
import {
  atPage,
  candidateAt,
  fillIn,
  gaokao,
  isLookup,
  look,
  setPageStage,
  slipOf,
  slipOn,
} from '../helpers/page-stage.ts';

const stage = setPageStage();

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

const progressValue = (): number => document.querySelector('progress')?.value ?? -1;

describe('a service in trouble', () => {
  it('that is overloaded is waited for, and the form is not lost', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
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
    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
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
        stage(),
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
          expect(await slipOn(page)).toEqual(slipOf(candidateAt(7)));
          expect(proof).toEqual({ algorithm: 'SHA-256', challenge, number: 180_000, salt, signature: 'abc' });
        },
        worker ? {} : { before: (page) => page.addInitScript('delete window.Worker') },
      );
    }
  });

  it('is not waited for by who stops a long proof of work', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
      // Without a solution: it is under way for as long as the look at it takes.
      const challenge = {
        algorithm: 'SHA-256',
        challenge: '0'.repeat(64),
        maxnumber: 1_000_000_000,
        salt: '0123456789abcdef01234567?expires=1900000000&',
        signature: 'abc',
      };
      await page.route('**/lookup', (route) => problem(route, 429, 'proof-of-work-required', { challenge }));
      await fillIn(page, candidateAt(7));
      await page.click('#submit');
      await page.waitForSelector('progress');
      await expect.poll(() => page.evaluate(progressValue)).toBeGreaterThan(0);
      await look(page, 'proof');
      const before = await page.evaluate(progressValue);
      await expect.poll(() => page.evaluate(progressValue)).toBeGreaterThan(before);
      await page.click('text=停止等待');
      expect(await page.isVisible('progress')).toBe(false);
      expect(await page.isEditable('#f-candidateNumber')).toBe(true);
      expect(requests.filter(isLookup)).toHaveLength(1);
    });
  });

  it('that has seen wrong guesses at a candidate asks for proofs of work, and then pauses', async () => {
    const { service } = stage();
    const { credentials } = candidateAt(20);
    const wrong = (index: number): TestCandidate => ({
      ...candidateAt(20),
      credentials: {
        ...credentials,
        identityNumber: candidateAt(index).credentials['identityNumber'] ?? '',
      },
    });
    for (const index of [21, 22, 23])
      expect((await service.lookup('walk-gaokao', fieldsOf(gaokao, wrong(index)))).status).toBe(404);

    // Who has no script is told so.
    const form = new URLSearchParams(fieldsOf(gaokao, candidateAt(20)));
    const plain = await fetch(`${service.url}/s/walk-gaokao`, { method: 'POST', body: form });
    expect(plain.status).toBe(429);
    expect(await plain.text()).toContain('请启用 JavaScript 后再查');

    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
      for (const index of [24, 25]) {
        await fillIn(page, wrong(index));
        await page.click('#submit');
        await page.waitForSelector('text=没有查到，请核对');
      }
      // Each was refused once, proved, and judged.
      expect(requests.filter(isLookup)).toHaveLength(4);
      await fillIn(page, candidateAt(20));
      await page.click('#submit');
      await page.waitForSelector('text=尝试次数过多，需要暂停一会儿');
      expect(await page.innerText('#count')).toMatch(/^约 \d+ 分钟后自动重试$/);
    });
  });

  it('gives the slip to a right guess that brings a proof, and remembers the device', async () => {
    const { service } = stage();
    const { credentials } = candidateAt(30);
    for (const index of [31, 32, 33]) {
      const identityNumber = candidateAt(index).credentials['identityNumber'] ?? '';
      const fields = { candidateNumber: credentials['candidateNumber'] ?? '', identityNumber };
      expect((await service.lookup('walk-gaokao', fields)).status).toBe(404);
    }
    await atPage(stage(), 'walk-gaokao', async ({ page, requests }) => {
      await fillIn(page, candidateAt(30));
      await page.click('#submit');
      expect(await slipOn(page)).toEqual(slipOf(candidateAt(30)));
      expect(requests.filter(isLookup)).toHaveLength(2);
      const cookies = await page.context().cookies();
      expect(
        cookies.map(({ name, httpOnly, secure }) => [name.startsWith('__Host-'), httpOnly, secure]),
      ).toEqual([[true, true, true]]);
      expect(await page.evaluate(() => document.cookie)).toBe('');
    });
  });

  it('that pauses somebody says for how long, and goes on by itself', async () => {
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
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
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
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
    await atPage(stage(), 'walk-gaokao', async ({ page }) => {
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
