/**
 * The answer to a form that came without a script: the slip, or the form again with words for what
 * happened. Decides by the same code as the script (shared/schedule.js).
 */
import { matchCredentials, normaliseCredential } from '#results/credentials.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import type { FormState } from './form-view.ts';
import { Html, markup } from './html.ts';
import { nextStep } from './shared/schedule.js';
import type { Slip } from './shared/slip-view.js';
import { slipHtml } from './shared/slip-view.js';
import { fill, showDuration, showInstant } from './shared/words.js';
import type { Language, Texts } from './texts/texts.ts';
import { TEXTS } from './texts/texts.ts';
import type { Notice, PageSeries } from './views.ts';
import { seriesPath, slipTitles } from './views.ts';

/** The credentials of the chosen set, and words for the faults in them. */
export function readForm(
  definition: SeriesDefinition,
  form: URLSearchParams,
  language: Language,
): { credentials: Record<string, string>; state: FormState } {
  const texts = TEXTS[language];
  const set =
    definition.credentialSets.find((s) => s.name === form.get('set')) ?? definition.credentialSets[0];
  const credentials: Record<string, string> = {};
  const errors: Record<string, string> = {};
  for (const name of set?.credentials ?? []) {
    const raw = (form.get(name) ?? '').slice(0, 500);
    credentials[name] = raw;
    const credential = definition.credentials[name];
    if (credential === undefined) continue;
    const normalised = normaliseCredential(credential, raw);
    if (!normalised.ok)
      errors[name] = fill(texts.faults[normalised.fault], { title: credential.title[language] });
  }
  // Fields of the other sets are given back as they were typed, and not judged.
  const values = { ...credentials };
  for (const name of Object.keys(definition.credentials)) {
    const raw = form.get(name);
    if (raw !== null && values[name] === undefined) values[name] = raw.slice(0, 500);
  }
  return { credentials, state: { set: set?.name ?? '', values, errors } };
}

/** Whether the service would take them: the same check as the API's own. */
export function isWellFormed(definition: SeriesDefinition, credentials: Record<string, string>): boolean {
  return matchCredentials(definition, credentials).ok;
}

/** Words above a form with faults in it. */
export function faultNotice(errors: Readonly<Record<string, string>>, texts: Texts): Notice {
  const words = Object.values(errors);
  return {
    tone: 'problem',
    title: fill(texts.faultSummary, { count: words.length }),
    text: words.join(' '),
  };
}

/** The API's answer, as far as the page shows it. */
export interface ApiAnswer {
  readonly status: number;
  readonly retryAfterS: number | undefined;
  readonly body: unknown;
}

/** Reads an answer of the lookup; a body that is no JSON counts as none. */
export async function readAnswer(response: Response): Promise<ApiAnswer> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    body = undefined;
  }
  return {
    status: response.status,
    retryAfterS: Number.isFinite(retryAfter) ? retryAfter : undefined,
    body,
  };
}

/** The slip of a found answer as a page's content, with the way back to an empty form. */
export function renderSlip(series: PageSeries, body: unknown, language: Language): Html {
  const texts = TEXTS[language];
  const slip = slipHtml(body as Slip, {
    texts,
    language,
    titles: slipTitles(series.definition, language),
    footer: series.definition.texts.footer?.[language],
  });
  return markup`<section id="slip" class="slip" aria-labelledby="slip-title">${new Html(slip)}</section>
    <p class="actions">
      <a class="button" href="${seriesPath(series.id)}?lang=${language}">${texts.slip.another}</a>
    </p>`;
}

/** Words for every answer but the slip. */
export function answerNotice(answer: ApiAnswer, nowMs: number, texts: Texts): Notice {
  const problem = (typeof answer.body === 'object' && answer.body !== null ? answer.body : {}) as {
    type?: unknown;
    requestId?: unknown;
    releaseAt?: unknown;
  };
  const requestId = typeof problem.requestId === 'string' ? problem.requestId : undefined;
  const releaseAt = typeof problem.releaseAt === 'string' ? problem.releaseAt : undefined;
  const step = nextStep(
    {
      status: answer.status,
      problem: typeof problem.type === 'string' ? problem.type.replace('urn:fangbang:problem:', '') : '',
      retryAfterS: answer.retryAfterS,
      releaseAtMs: releaseAt === undefined ? undefined : Date.parse(releaseAt),
    },
    { attempt: 0, nowMs, spreadMs: 0, random: 0 },
  );
  const n = texts.notice;
  const duration = showDuration(answer.retryAfterS ?? 10, texts);
  const wait = fill(n.waitWithoutScript, { duration });
  switch (step.kind) {
    case 'absent':
      return { tone: 'problem', title: n.absentTitle, text: n.absentNote };
    case 'release':
      return {
        tone: 'calm',
        title: n.notReleasedTitle,
        text: fill(n.notReleasedNote, { instant: showInstant(releaseAt ?? '', texts) }),
      };
    case 'closed':
      return { tone: 'calm', title: texts.state.withdrawnTitle, text: texts.state.withdrawnNote };
    case 'gone':
      return { tone: 'problem', title: texts.state.notFoundTitle, text: texts.state.notFoundNote };
    case 'proof':
      return { tone: 'wait', title: n.pauseTitle, text: fill(n.proofWithoutScript, { duration }) };
    case 'pause':
      return { tone: 'wait', title: n.pauseTitle, text: wait };
    case 'blocked':
      return { tone: 'wait', title: n.pauseTitle, text: fill(n.longPauseNote, { duration }) };
    case 'retry':
      return step.reason === 'busy'
        ? { tone: 'wait', title: n.busyTitle, text: wait }
        : step.reason === 'away'
          ? { tone: 'wait', title: n.awayTitle, text: wait, requestId }
          : { tone: 'problem', title: n.unexpectedTitle, text: wait, requestId };
    case 'invalid':
    case 'found':
      return { tone: 'problem', title: n.unexpectedTitle, text: wait, requestId };
  }
}
