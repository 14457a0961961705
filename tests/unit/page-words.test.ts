import { describe, expect, it } from 'vitest';
import { Html, jsonForScript, markup } from '../../service/page/html.ts';
import { chooseLanguage } from '../../service/page/language.ts';
import { accepts } from '../../service/page/prepared-response.ts';
import { escapeHtml, fill, showDuration, showInstant } from '../../service/page/shared/words.js';
import { en } from '../../service/page/texts/en.ts';
import { zh } from '../../service/page/texts/zh.ts';

/** The places of a text where something is put in. */
const blanks = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe('texts', () => {
  /** Every text with its place, such as "notice.busyTitle". */
  const flatten = (value: unknown, path = ''): [string, string][] =>
    typeof value === 'string'
      ? [[path, value]]
      : Object.entries(value as object).flatMap(([key, inner]) =>
          flatten(inner, path === '' ? key : `${path}.${key}`),
        );

  it('have the same blanks in both languages and are empty in none', () => {
    const english = new Map(flatten(en));
    for (const [path, text] of flatten(zh)) {
      const other = english.get(path) ?? '';
      expect([path, text.trim().length > 0, other.trim().length > 0]).toEqual([path, true, true]);
      expect([path, blanks(other)]).toEqual([path, blanks(text)]);
    }
    expect(english.size).toBe(flatten(zh).length);
  });
});

describe('words put together', () => {
  it.each([
    ['2026-06-25T09:00:00+08:00', '2026年6月25日 09:00（北京时间）', '25 June 2026, 09:00 (Beijing time)'],
    ['2026-12-01T00:05:07Z', '2026年12月1日 00:05:07（UTC）', '1 December 2026, 00:05:07 (UTC)'],
    ['2026-01-31T18:30:00-05:00', '2026年1月31日 18:30（UTC−05:00）', '31 January 2026, 18:30 (UTC−05:00)'],
  ])('show %s as people write it', (iso, chinese, english) => {
    expect(showInstant(iso, zh)).toBe(chinese);
    expect(showInstant(iso, en)).toBe(english);
  });

  it.each([
    [0, '1 秒'],
    [59.2, '60 秒'],
    [99, '99 秒'],
    [100, '2 分钟'],
    [3540, '59 分钟'],
    [3541, '1 小时'],
    [5400, '1 小时 30 分钟'],
    [86_400, '1 天'],
    [90_001, '1 天 2 小时'],
  ])('show %d seconds rounded up', (seconds, words) => {
    expect(showDuration(seconds, zh)).toBe(words);
  });

  it('leave a blank that has no value as it is', () => {
    expect(fill('{a} of {b}', { a: 0 })).toBe('0 of {b}');
  });

  it('cannot become markup', () => {
    const evil = `"><script>alert('1')</script>&`;
    expect(escapeHtml(evil)).toBe('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;');
    expect(markup`<p title="${evil}">${evil}${new Html('<b>')}</p>`.text).not.toContain('<script');
    const inScript = jsonForScript({ evil: '</script><!--\u2028' }).text;
    expect(inScript).not.toMatch(/[<\u2028]/);
    expect(JSON.parse(inScript)).toEqual({ evil: '</script><!--\u2028' });
  });
});

describe('the language', () => {
  it.each([
    [undefined, undefined, 'zh'],
    [undefined, '', 'zh'],
    [undefined, 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    [undefined, 'en-GB,en;q=0.9,zh;q=0.8', 'en'],
    [undefined, 'fr-FR,fr;q=0.9,en;q=0.8', 'en'],
    [undefined, 'fr', 'zh'],
    [undefined, 'en;q=0', 'zh'],
    [undefined, '*', 'zh'],
    [undefined, `en${'x'.repeat(10_000)}`, 'zh'],
    ['en', 'zh-CN', 'en'],
    ['zh', 'en', 'zh'],
    ['de', 'en', 'en'],
  ])('of lang=%s and Accept-Language %s', (chosen, header, language) => {
    expect(chooseLanguage(chosen, header)).toBe(language);
  });
});

describe('an encoding', () => {
  it.each([
    ['gzip, deflate, br, zstd', 'br', true],
    ['gzip, deflate', 'br', false],
    ['br;q=0, gzip', 'br', false],
    ['br;q=1.0', 'br', true],
    ['', 'gzip', false],
    ['x-br', 'br', false],
  ])('by Accept-Encoding "%s": %s is %s', (header, encoding, taken) => {
    expect(accepts(header, encoding)).toBe(taken);
  });
});
