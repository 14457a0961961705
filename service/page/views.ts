/**
 * What stands between the page's top and foot, state by state.
 */
import type { SeriesView } from '#lookup/series-timeline.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import type { FormState } from './form-view.ts';
import { fieldsOf, renderForm, setsOf } from './form-view.ts';
import type { Html } from './html.ts';
import { NOTHING, markup } from './html.ts';
import { fill, showInstant } from './shared/words.js';
import type { Language, Texts } from './texts/texts.ts';
import { TEXTS } from './texts/texts.ts';

/** A series as the examinees see it now, as service/lookup says it. */
export type PageSeries = Pick<SeriesView, 'id' | 'definition' | 'state' | 'releaseAtMs' | 'releaseAt'>;

/** Words for what happened to a form, above it. */
export interface Notice {
  readonly tone: 'problem' | 'wait' | 'calm';
  readonly title: string;
  readonly text: string;
  readonly requestId?: string | undefined;
}

export interface SeriesPage {
  readonly series: PageSeries;
  readonly language: Language;
  readonly spreadMs: number;
  /** Whether there is a list to go back to. */
  readonly hasList: boolean;
  /** What was typed, when a form comes back. */
  readonly form?: FormState | undefined;
  readonly notice?: Notice | undefined;
}

/** Whether a page that was made of some series is still right for these. */
export function isSameSeries(made: readonly PageSeries[], now: readonly PageSeries[]): boolean {
  return (
    made.length === now.length &&
    made.every((one, i) => {
      const other = now[i];
      return (
        one.id === other?.id &&
        one.state === other.state &&
        one.releaseAtMs === other.releaseAtMs &&
        one.definition === other.definition
      );
    })
  );
}

/** Title in the browser's tab. */
export function documentTitle(series: PageSeries, language: Language): string {
  return `${series.definition.title[language]} · ${TEXTS[language].pageTitle}`;
}

/** Path of a series' page, and what its form is sent to. */
export function seriesPath(id: string): string {
  return `/s/${id}`;
}

function backLink(texts: Texts, language: Language): Html {
  return markup`<p class="back"><a href="/?lang=${language}">← ${texts.list.backToList}</a></p>`;
}

export function renderSeriesPage(page: SeriesPage): Html {
  const { series, language, hasList, notice } = page;
  const texts = TEXTS[language];
  const { definition, state } = series;
  const introduction = definition.texts.introduction?.[language];
  return markup`${hasList ? backLink(texts, language) : NOTHING}
    <h1 id="title">${definition.title[language]}</h1>
    ${renderState(series, texts)}
    ${introduction === undefined ? NOTHING : markup`<p class="introduction">${introduction}</p>`}
    <div id="notice" class="notice-place" role="status">
      ${notice === undefined ? NOTHING : renderNotice(notice, texts)}
    </div>
    <p id="count" class="count" hidden></p>
    ${
      state === 'withdrawn' && series.releaseAtMs === null
        ? NOTHING
        : renderForm({
            definition,
            language,
            texts,
            action: `${seriesPath(series.id)}?lang=${language}`,
            state: page.form,
          })
    }
    <section id="slip" class="slip" aria-labelledby="slip-title" hidden></section>`;
}

function renderState(series: PageSeries, texts: Texts): Html {
  const { state, releaseAt } = series;
  const when = releaseAt === null ? '' : showInstant(releaseAt, texts);
  if (state === 'open') return markup`<p class="state open" id="state">${texts.state.open}</p>`;
  const withdrawn =
    state === 'withdrawn'
      ? markup`<p class="state-title">${texts.state.withdrawnTitle}</p>
          <p>${texts.state.withdrawnNote}</p>`
      : NOTHING;
  if (releaseAt === null) {
    const unknown =
      state === 'withdrawn'
        ? NOTHING
        : markup`<p class="state-title release-title">${texts.state.scheduledUnknown}</p>`;
    return markup`<div class="state ${state}" id="state">${withdrawn}${unknown}</div>`;
  }
  return markup`<div class="state ${state}" id="state">
    ${withdrawn}
    <p class="state-title release-title">${fill(texts.state.scheduledTitle, { instant: when })}</p>
    <p class="countdown" id="countdown" hidden></p>
    <p class="prepare" id="prepare">${texts.state.prepareWithoutScript}</p>
  </div>`;
}

function renderNotice(notice: Notice, texts: Texts): Html {
  const id =
    notice.requestId === undefined
      ? NOTHING
      : markup`<p class="request">${fill(texts.notice.requestId, { id: notice.requestId })}</p>`;
  return markup`<div class="notice ${notice.tone}">
    <p class="notice-title">${notice.title}</p>
    <p>${notice.text}</p>
    ${id}
  </div>`;
}

/** What the script works with; nothing in it is personal. */
export function pageData(page: SeriesPage): unknown {
  const { series, language, spreadMs } = page;
  const { definition } = series;
  const texts = TEXTS[language];
  return {
    id: series.id,
    language,
    texts,
    state: series.state,
    releaseAtMs: series.releaseAtMs,
    spreadMs,
    fields: fieldsOf(definition, language),
    sets: setsOf(definition, language, texts),
    titles: slipTitles(definition, language),
    footer: definition.texts.footer?.[language] ?? null,
  };
}

/** How the series calls a candidate's name and number. */
export function slipTitles(
  definition: SeriesDefinition,
  language: Language,
): { name: string; number: string } {
  return {
    name: definition.credentials[definition.nameCredential]?.title[language] ?? TEXTS[language].slip.name,
    number:
      definition.credentials[definition.numberCredential]?.title[language] ?? TEXTS[language].slip.number,
  };
}

/** All announced series, each with its state; open ones first, then by their time. */
export function renderList(all: readonly PageSeries[], language: Language): Html {
  const texts = TEXTS[language];
  if (all.length === 0)
    return markup`<h1>${texts.list.none}</h1>
      <p class="introduction">${texts.list.noneNote}</p>`;
  const order = { open: 0, scheduled: 1, withdrawn: 2 };
  const sorted = all.toSorted(
    (a, b) =>
      order[a.state] - order[b.state] ||
      (a.state === 'open' ? -1 : 1) * ((a.releaseAtMs ?? Infinity) - (b.releaseAtMs ?? Infinity)) ||
      a.id.localeCompare(b.id),
  );
  return markup`<h1>${texts.list.heading}</h1>
    <ul class="list">
      ${sorted.map(
        (series) =>
          markup`<li>
            <a href="${seriesPath(series.id)}?lang=${language}"
              ><span class="list-title">${series.definition.title[language]}</span
              ><span class="list-state ${series.state}">${listState(series, texts)}</span></a
            >
          </li>`,
      )}
    </ul>`;
}

function listState(series: PageSeries, texts: Texts): string {
  if (series.state === 'open') return texts.list.open;
  if (series.state === 'withdrawn' && series.releaseAt === null) return texts.list.withdrawn;
  return series.releaseAt === null
    ? texts.list.scheduledUnknown
    : fill(texts.list.scheduled, { instant: showInstant(series.releaseAt, texts) });
}

/** A page that only says something. */
export function renderMessage(title: string, text: string, language: Language): Html {
  const texts = TEXTS[language];
  return markup`<h1>${title}</h1>
    <p class="introduction">${text}</p>
    ${backLink(texts, language)}`;
}
