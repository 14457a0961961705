import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PreparedPages } from '../../service/page/prepared-pages.ts';
import type { PageSeries } from '../../service/page/views.ts';
import { isSameSeries } from '../../service/page/views.ts';
import { presetDefinition } from '../helpers/batch.ts';

const definition = presetDefinition('gaokao', 'prepared');
const series = (state: PageSeries['state'], releaseAtMs: number | null = null): PageSeries => ({
  id: 'prepared',
  definition,
  state,
  releaseAtMs,
  releaseAt: null,
});

describe('prepared pages', () => {
  it('are rendered once for all who ask, and hold the same text in each encoding', async () => {
    const pages = new PreparedPages();
    let rendered = 0;
    const get = (): ReturnType<PreparedPages['get']> =>
      pages.get(
        'key',
        () => true,
        () => {
          rendered += 1;
          return { version: [], status: 200, text: '<p>成绩</p>' };
        },
      );
    const [one, other] = await Promise.all([get(), get()]);
    expect(other).toBe(one);
    expect(await get()).toBe(one);
    expect(rendered).toBe(1);
    expect(one.plain.toString()).toBe('<p>成绩</p>');
    expect(brotliDecompressSync(one.brotli).equals(one.plain)).toBe(true);
    expect(gunzipSync(one.gzip).equals(one.plain)).toBe(true);
  });

  it('of the moment before stand in while a new state is rendered, and then no more', async () => {
    let monotonicMs = 0;
    const pages = new PreparedPages(() => monotonicMs);
    let now = series('scheduled', 1);
    const get = (): ReturnType<PreparedPages['get']> =>
      pages.get(
        'key',
        (made) => isSameSeries(made, [now]),
        () => ({ version: [now], status: 200, text: now.state }),
      );
    expect((await get()).plain.toString()).toBe('scheduled');
    now = series('open', 1);
    const standIn = get();
    expect(standIn).not.toBeInstanceOf(Promise);
    expect((await standIn).plain.toString()).toBe('scheduled');
    await expect.poll(async () => (await get()).plain.toString()).toBe('open');

    now = series('withdrawn');
    monotonicMs = 2000;
    const waitedFor = get();
    expect(waitedFor).toBeInstanceOf(Promise);
    expect((await waitedFor).plain.toString()).toBe('withdrawn');
  });

  it('that could not be rendered are tried again by the next who asks', async () => {
    const pages = new PreparedPages();
    const failing = pages.get(
      'key',
      () => true,
      () => {
        throw new Error('no page');
      },
    );
    await expect(failing).rejects.toThrow('no page');
    const page = await pages.get(
      'key',
      () => true,
      () => ({ version: [], status: 200, text: 'a page' }),
    );
    expect(page.plain.toString()).toBe('a page');
  });
});

describe('a page', () => {
  it('is of another state when anything that it shows has changed', () => {
    const made = series('scheduled', 1);
    expect(isSameSeries([made], [{ ...made }])).toBe(true);
    const others: PageSeries[] = [
      series('open', 1),
      series('scheduled', 2),
      { ...made, id: 'other' },
      { ...made, definition: presetDefinition('gaokao', 'prepared') },
    ];
    for (const other of others) expect(isSameSeries([made], [other])).toBe(false);
    expect(isSameSeries([made], [])).toBe(false);
  });
});
