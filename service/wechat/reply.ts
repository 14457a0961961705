/**
 * Passive replies: an article that links to the page, or a text. Never a mark: the chat knows nobody.
 */
import type { SeriesView } from '#lookup/series-timeline.ts';
import type { Wish } from './message.ts';
import type { WechatTexts } from './texts.ts';
import { WECHAT_TEXTS } from './texts.ts';
import { cdata } from './xml.ts';

export type WechatSeries = Pick<SeriesView, 'id' | 'definition' | 'state' | 'releaseAt'>;

/** Longer descriptions are cut off on the phone. */
const MOST_SERIES = 6;

/** Who wrote, to whom. */
export interface Correspondence {
  readonly from: string;
  readonly to: string;
  readonly nowMs: number;
}

/**
 * The reply's XML; undefined when there is nothing to say.
 * @param series undefined before they have been read.
 * @param pageUrl where the page is, without a slash at the end.
 */
export function replyTo(
  wish: Wish,
  series: readonly WechatSeries[] | undefined,
  pageUrl: string,
  correspondence: Correspondence,
): string | undefined {
  if (wish.kind === 'nothing') return undefined;
  const texts = WECHAT_TEXTS[wish.language];
  if (wish.kind === 'help') return textReply(texts.help, correspondence);
  if (series === undefined) return textReply(texts.notYet, correspondence);
  const lines = [
    ...(wish.hasNumber ? [texts.noNumbers] : []),
    ...(wish.greets ? [texts.welcome] : []),
    ...(series.length === 0
      ? [texts.nothing]
      : sorted(series).map((one) => seriesLine(one, wish.language, texts))),
    ...(series.length === 0 ? [] : [texts.tap]),
  ];
  const [only] = series;
  const path = series.length === 1 && only !== undefined ? `/s/${only.id}` : '/';
  return articleReply(
    texts.articleTitle,
    lines.join('\n'),
    `${pageUrl}${path}?lang=${wish.language}`,
    correspondence,
  );
}

/** What is open first, then what comes, by its time. */
function sorted(series: readonly WechatSeries[]): WechatSeries[] {
  const order = { open: 0, scheduled: 1, withdrawn: 2 };
  const key = (one: WechatSeries): string => `${order[one.state]} ${one.releaseAt ?? '9'} ${one.id}`;
  return series.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).slice(0, MOST_SERIES);
}

function seriesLine(series: WechatSeries, language: 'zh' | 'en', texts: WechatTexts): string {
  const title = series.definition.title[language];
  const { state, releaseAt } = series;
  if (state === 'open') return texts.open.replace('{title}', () => title);
  if (releaseAt === null)
    return (state === 'withdrawn' ? texts.withdrawn : texts.scheduledUnknown).replace('{title}', () => title);
  return texts.scheduled
    .replace('{instant}', () => showInstant(releaseAt, texts))
    .replace('{title}', () => title);
}

function showInstant(iso: string, texts: WechatTexts): string {
  const [, year = '', month = '', day = '', time = '', offset = ''] =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d):\d\d(.*)$/.exec(iso) ?? [];
  const plain = (digits: string): string => (texts.beijing === '北京时间' ? String(Number(digits)) : digits);
  const zone = offset === '+08:00' ? texts.beijing : `UTC${offset === 'Z' ? '' : offset}`;
  const parts: Record<string, string> = { year, month: plain(month), day: plain(day), time, zone };
  return texts.instant.replace(/\{(\w+)\}/g, (_, name: string) => parts[name] ?? '');
}

function envelope({ from, to, nowMs }: Correspondence, type: string, content: string): string {
  return (
    `<xml><ToUserName>${cdata(from)}</ToUserName><FromUserName>${cdata(to)}</FromUserName>` +
    `<CreateTime>${Math.floor(nowMs / 1000)}</CreateTime><MsgType>${cdata(type)}</MsgType>${content}</xml>`
  );
}

function textReply(text: string, correspondence: Correspondence): string {
  return envelope(correspondence, 'text', `<Content>${cdata(text)}</Content>`);
}

/** Since October 2018 a reply has one article. */
function articleReply(
  title: string,
  description: string,
  url: string,
  correspondence: Correspondence,
): string {
  const item = `<item><Title>${cdata(title)}</Title><Description>${cdata(description)}</Description><PicUrl>${cdata('')}</PicUrl><Url>${cdata(url)}</Url></item>`;
  return envelope(correspondence, 'news', `<ArticleCount>1</ArticleCount><Articles>${item}</Articles>`);
}
