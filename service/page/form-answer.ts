/**
 * `POST /s/{seriesId}`: a form that came without a script, answered by a page.
 *
 * Failure policy: whatever the lookup answers is shown in words, with its status and its `Retry-After`;
 * the form comes back as it was filled in. Nothing of a form is logged, and nobody may keep an answer.
 */
import type { Context } from 'hono';
import { answerNotice, faultNotice, isWellFormed, readAnswer, readForm, renderSlip } from './answer-view.ts';
import type { PageAssets } from './assets.ts';
import { renderDocument } from './document.ts';
import { pageHeaders } from './headers.ts';
import type { Html } from './html.ts';
import { TEXTS } from './texts/texts.ts';
import type { Notice, SeriesPage } from './views.ts';
import { documentTitle, renderSeriesPage, seriesPath } from './views.ts';

/** A slip that nobody clears gives way to the empty form; the browser does it without a script. */
const CLEAR_AFTER_S = 900;

/** Why a form was not even read. */
export type FormRefusal = 'too-large' | 'cross-site' | 'unreadable';

const REFUSAL_STATUS = { 'too-large': 413, 'cross-site': 403, unreadable: 415 } as const;

/** The lookup of the API; never rejects. */
type Ask = (context: Context, series: string, credentials: Record<string, string>) => Promise<Response>;

export interface FormAnswerDeps {
  readonly assets: PageAssets;
  readonly ask: Ask;
  readonly nowMs: () => number;
}

/** The page for a form that is not read. */
export function refuseForm(deps: FormAnswerDeps, page: SeriesPage, refusal: FormRefusal): Response {
  const { state, notice } = TEXTS[page.language];
  const words: Record<FormRefusal, [title: string, text: string]> = {
    'too-large': [state.tooLargeTitle, state.tooLargeNote],
    'cross-site': [state.crossSiteTitle, state.crossSiteNote],
    unreadable: [notice.unexpectedTitle, state.tooLargeNote],
  };
  const [title, text] = words[refusal];
  return formAgain(deps, page, REFUSAL_STATUS[refusal], { tone: 'problem', title, text });
}

/** The page for a form. */
export async function answerForm(
  deps: FormAnswerDeps,
  context: Context,
  page: SeriesPage,
  form: URLSearchParams,
): Promise<Response> {
  const { series, language } = page;
  const texts = TEXTS[language];
  const { credentials, state } = readForm(series.definition, form, language);
  const filled = { ...page, form: state };
  if (!isWellFormed(series.definition, credentials))
    return formAgain(deps, filled, 400, faultNotice(state.errors, texts));

  const response = await deps.ask(context, series.id, credentials);
  const answer = await readAnswer(response);
  const headers = new Headers();
  for (const cookie of response.headers.getSetCookie()) headers.append('set-cookie', cookie);
  if (answer.status === 200) {
    headers.set('refresh', `${CLEAR_AFTER_S}; url=${seriesPath(series.id)}?lang=${language}`);
    return personal(deps, page, 200, renderSlip(series, answer.body, language), headers);
  }
  if (answer.retryAfterS !== undefined) headers.set('retry-after', String(answer.retryAfterS));
  return formAgain(deps, filled, answer.status, answerNotice(answer, deps.nowMs(), texts), headers);
}

function formAgain(
  deps: FormAnswerDeps,
  page: SeriesPage,
  status: number,
  notice: Notice,
  headers = new Headers(),
): Response {
  return personal(deps, page, status, renderSeriesPage({ ...page, notice }), headers);
}

/** Without the script, which the form has just done without. */
function personal(
  deps: FormAnswerDeps,
  page: SeriesPage,
  status: number,
  main: Html,
  headers: Headers,
): Response {
  for (const [name, value] of Object.entries(pageHeaders(deps.assets))) headers.set(name, value);
  headers.set('cache-control', 'no-store, private');
  const text = renderDocument(deps.assets, {
    language: page.language,
    title: documentTitle(page.series, page.language),
    path: seriesPath(page.series.id),
    main,
  });
  return new Response(text, { status, headers });
}
