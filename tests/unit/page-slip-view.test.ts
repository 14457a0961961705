import { describe, expect, it } from 'vitest';
import type { Slip } from '../../service/page/shared/slip-view.js';
import { slipHtml, slipNotes } from '../../service/page/shared/slip-view.js';
import { en } from '../../service/page/texts/en.ts';
import { zh } from '../../service/page/texts/zh.ts';
import { STATUS_TEXTS } from '../../service/results/texts.ts';

const text = (words: string): { zh: string; en: string } => ({ zh: words, en: `${words} in English` });
const words = {
  texts: zh,
  language: 'zh',
  titles: { name: '姓名', number: '准考证号' },
  footer: undefined,
} as const;
const slip = (more: Partial<Slip> = {}): Slip => ({
  series: { id: 's', title: text('考试') },
  batch: { number: 7, publishedAt: '2026-06-25T09:00:00+08:00', corrected: false },
  candidate: { number: '26330101000001', name: '林泽' },
  status: { code: 'scored', ...STATUS_TEXTS.scored },
  components: [],
  ...more,
});

const missing = (code: 'absent' | 'withheld', place: string): Slip['components'][number] => ({
  code: place,
  title: text(place),
  status: { code, title: text(code) },
});

describe('a slip', () => {
  it.each(Object.entries(STATUS_TEXTS))('with the state %s says it and what comes next', (code, texts) => {
    const html = slipHtml(slip({ status: { code, ...texts } }), words);
    expect(html).toContain(`<p class="status status-${code}">${texts.title.zh}</p>`);
    expect(html).toContain(`<p>${texts.note.zh}</p>`);
  });

  it('holds nothing that could become markup, whatever the answer says', () => {
    const evil = `<img src=x onerror="alert(1)">'&`;
    const html = slipHtml(
      slip({
        series: { id: evil, title: text(evil), rehearsal: true },
        batch: { number: evil as unknown as number, publishedAt: evil, corrected: true },
        candidate: { number: evil, name: evil },
        status: { code: evil, title: text(evil), note: text(evil) },
        components: [
          { code: evil, title: text(evil), score: evil as unknown as number, max: evil as unknown as number },
          { code: evil, title: text(evil), grade: evil },
          { code: evil, title: text(evil), status: { code: 'absent', title: text(evil) } },
        ],
        total: { score: evil as unknown as number, max: evil as unknown as number },
        rank: evil as unknown as number,
        flags: [{ code: evil, title: text(evil) }],
      }),
      { ...words, titles: { name: evil, number: evil }, footer: evil },
    );
    expect(html).not.toContain('<img');
    expect(html.match(/&lt;img/g)?.length).toBeGreaterThan(12);
  });

  it('shows maxima only where there are any, and calls grades grades', () => {
    const graded = slipHtml(slip({ components: [{ code: 'a', title: text('语文'), grade: 'A' }] }), words);
    expect(graded).toContain('<th scope="col">等级</th></tr>');
    const scored = slipHtml(
      slip({ components: [{ code: 'a', title: text('语文'), score: 0, max: 150 }] }),
      words,
    );
    expect(scored).toContain('<td>0</td><td class="max">150</td>');
    expect(scored).toContain('<th scope="col">成绩</th><th scope="col">满分</th>');
  });

  it('without any mark shows no total of 0', () => {
    const absent = { code: 'absent', title: text('缺考') } as const;
    const all = slip({
      components: [{ code: 'a', title: text('语文'), status: absent }],
      total: { score: 0, max: 750 },
    });
    expect(slipHtml(all, words)).not.toContain('满分 750');
    const some = {
      ...all,
      components: [...all.components, { code: 'b', title: text('数学'), score: 0, max: 150 }],
    };
    expect(slipHtml(some, words)).toContain('满分 750');
  });

  it('explains each kind of missing mark once, in the reader’s language', () => {
    const given = slip({
      components: [missing('absent', 'a'), missing('absent', 'b'), missing('withheld', 'c')],
    });
    expect(slipNotes(given, words)).toEqual([
      STATUS_TEXTS.scored.note.zh,
      zh.slip.componentNotes.absent,
      zh.slip.componentNotes.withheld,
    ]);
    expect(slipNotes(given, { ...words, texts: en, language: 'en', footer: 'Call us.' })).toEqual([
      STATUS_TEXTS.scored.note.en,
      en.slip.componentNotes.absent,
      en.slip.componentNotes.withheld,
      'Call us.',
    ]);
  });
});
