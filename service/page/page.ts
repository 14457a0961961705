/**
 * The examinees' page: `/`, `/s/{seriesId}`, and the form without a script.
 *
 * Failure policy: pages come from memory and need no store. Before the publications have been read
 * for the first time the page says so, with 503.
 */
import type { Context } from 'hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { loadAssets } from './assets.ts';
import { renderDocument } from './document.ts';
import type { FormAnswerDeps, FormRefusal } from './form-answer.ts';
import { answerForm, refuseForm } from './form-answer.ts';
import { pageHeaders } from './headers.ts';
import type { Html } from './html.ts';
import { chooseLanguage } from './language.ts';
import type { PreparedPage } from './prepared-pages.ts';
import { PreparedPages } from './prepared-pages.ts';
import { respondPrepared } from './prepared-response.ts';
import type { Language } from './texts/texts.ts';
import { TEXTS } from './texts/texts.ts';
import type { PageSeries, SeriesPage } from './views.ts';
import {
  documentTitle,
  isSameSeries,
  pageData,
  renderList,
  renderMessage,
  renderSeriesPage,
  seriesPath,
} from './views.ts';

export interface PageDeps {
  /** The announced series as lookups see them now; undefined before they have been read. */
  series(): readonly PageSeries[] | undefined;
  /** A lookup through the API's own use case, limits and admission; never rejects. */
  ask: FormAnswerDeps['ask'];
  /** Milliseconds since 1970 by the database's clock; NaN before it is known. */
  nowMs(): number;
  /** Over how many milliseconds the pages that wait for a release spread their first lookup. */
  spreadMs?: number;
}

/** For the crowd of a province on a few cores; README.md says how to choose it. */
export const DEFAULT_SPREAD_MS = 8000;
/** Nobody believes a page that does nothing for longer. */
export const MOST_SPREAD_MS = 120_000;
const MOST_FORM_BYTES = 8 * 1024;

/** The page's routes, to be mounted at the root. */
export function createPage(deps: PageDeps): Hono {
  const app = new Hono();
  const assets = loadAssets();
  const headers = pageHeaders(assets);
  const pages = new PreparedPages();
  const spreadMs = deps.spreadMs ?? DEFAULT_SPREAD_MS;
  const formDeps: FormAnswerDeps = { assets, ask: deps.ask, nowMs: () => deps.nowMs() };

  const messageDocument = (language: Language, title: string, main: Html): string =>
    renderDocument(assets, { language, title, path: '/', main });

  const serve = (c: Context, page: PreparedPage | Promise<PreparedPage>): Response | Promise<Response> =>
    page instanceof Promise
      ? page.then((made) => respondPrepared(c, made, headers, deps.nowMs()))
      : respondPrepared(c, page, headers, deps.nowMs());

  const servePage = (c: Context, page: SeriesPage): Response | Promise<Response> => {
    const { series, language, hasList } = page;
    return serve(
      c,
      pages.get(
        `series ${series.id} ${language} ${hasList}`,
        (made) => isSameSeries(made, [series]),
        () => ({
          version: [series],
          status: 200,
          text: renderDocument(assets, {
            language,
            title: documentTitle(series, language),
            path: seriesPath(series.id),
            main: renderSeriesPage(page),
            data: pageData(page),
          }),
        }),
      ),
    );
  };

  const serveList = (c: Context, all: readonly PageSeries[]): Response | Promise<Response> => {
    const language = languageOf(c);
    return serve(
      c,
      pages.get(
        `list ${language}`,
        (made) => isSameSeries(made, all),
        () => ({
          version: all,
          status: 200,
          text: messageDocument(language, TEXTS[language].pageTitle, renderList(all, language)),
        }),
      ),
    );
  };

  const serveUnknown = (c: Context): Response | Promise<Response> => {
    const language = languageOf(c);
    const { notFoundTitle, notFoundNote } = TEXTS[language].state;
    return serve(
      c,
      pages.get(
        `unknown ${language}`,
        () => true,
        () => ({
          version: [],
          status: 404,
          text: messageDocument(
            language,
            notFoundTitle,
            renderMessage(notFoundTitle, notFoundNote, language),
          ),
        }),
      ),
    );
  };

  /** Nothing is known yet: this instance has just started. */
  const serveNotYet = (c: Context): Response => {
    const language = languageOf(c);
    const { awayTitle, awayNote } = TEXTS[language].notice;
    const text = messageDocument(language, awayTitle, renderMessage(awayTitle, awayNote, language));
    return new Response(text, {
      status: 503,
      headers: { ...headers, 'cache-control': 'no-store', 'retry-after': '3' },
    });
  };

  const pageOf = (c: Context, id: string): SeriesPage | 'unknown' | 'not-yet' => {
    const all = deps.series();
    const series = all?.find((one) => one.id === id);
    if (all === undefined) return 'not-yet';
    if (series === undefined) return 'unknown';
    return { series, language: languageOf(c), spreadMs, hasList: all.length > 1 };
  };

  app.get('/', (c) => {
    const all = deps.series();
    if (all === undefined) return serveNotYet(c);
    const [only] = all;
    if (all.length !== 1 || only === undefined) return serveList(c, all);
    return servePage(c, { series: only, language: languageOf(c), spreadMs, hasList: false });
  });

  app.get('/s/:id', (c) => {
    const page = pageOf(c, c.req.param('id'));
    if (page === 'not-yet') return serveNotYet(c);
    return page === 'unknown' ? serveUnknown(c) : servePage(c, page);
  });

  const takeForm = async (c: Context, refusal?: FormRefusal): Promise<Response> => {
    const page = pageOf(c, c.req.param('id') ?? '');
    if (page === 'not-yet') return serveNotYet(c);
    if (page === 'unknown') return await serveUnknown(c);
    if (refusal !== undefined) return refuseForm(formDeps, page, refusal);
    return await answerForm(formDeps, c, page, new URLSearchParams(await c.req.text()));
  };

  app.post(
    '/s/:id',
    bodyLimit({ maxSize: MOST_FORM_BYTES, onError: (c) => takeForm(c, 'too-large') }),
    (c) => {
      // A form on another site could spend this visitor's tries.
      if (c.req.header('sec-fetch-site') === 'cross-site') return takeForm(c, 'cross-site');
      const type = c.req.header('content-type') ?? '';
      return takeForm(c, type.startsWith('application/x-www-form-urlencoded') ? undefined : 'unreadable');
    },
  );

  return app;
}

function languageOf(c: Context): Language {
  return chooseLanguage(c.req.query('lang'), c.req.header('accept-language'));
}
