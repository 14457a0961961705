/**
 * The frame around every page: head, top, foot. What differs is its content.
 */
import type { PageAssets } from './assets.ts';
import { Html, NOTHING, jsonForScript, markup } from './html.ts';
import type { Language, Texts } from './texts/texts.ts';
import { TEXTS } from './texts/texts.ts';

/** A seal with 榜 on it; as data, so that the browser asks for nothing. */
const ICON = new Html(
  `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%23a63a2b'/%3E%3Ctext x='16' y='23' font-size='19' text-anchor='middle' fill='%23fff'%3E榜%3C/text%3E%3C/svg%3E`,
);

export interface PageContent {
  readonly language: Language;
  readonly title: string;
  /** Path of this page without a query, for the link to the other language. */
  readonly path: string;
  readonly main: Html;
  /** What the script needs to know; undefined: a page without script. */
  readonly data?: unknown;
}

/** The whole document. */
export function renderDocument(assets: PageAssets, content: PageContent): string {
  const { language, title, path, main, data } = content;
  const texts: Texts = TEXTS[language];
  const other: Language = language === 'zh' ? 'en' : 'zh';
  const script =
    data === undefined
      ? NOTHING
      : markup`<script type="application/json" id="page-data">${jsonForScript(data)}</script>
<script>${new Html(assets.script)}</script>
`;
  return markup`<!doctype html>
<html lang="${texts.htmlLang}">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${ICON}">
<style>${new Html(assets.style)}</style>
</head>
<body>
<a class="skip" href="#main">${texts.skipToForm}</a>
<header class="top"><p class="brand"><span class="seal" aria-hidden="true">榜</span>${texts.pageTitle}</p>${languageLink(path, other)}</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer class="foot"><p>${texts.privacy}</p></footer>
${script}</body>
</html>
`.text;
}

function languageLink(path: string, other: Language): Html {
  const { htmlLang } = TEXTS[other];
  return markup`<a class="language" href="${path}?lang=${other}" lang="${htmlLang}" hreflang="${htmlLang}">${TEXTS[other === 'zh' ? 'en' : 'zh'].otherLanguage}</a>`;
}
