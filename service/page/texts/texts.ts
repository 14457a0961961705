/**
 * All words of the page that are not a series' own, in one place per language. `{name}` marks what is put
 * in. The browser's script gets the same object as JSON, so that nothing is said in two ways.
 */
import type { CredentialFault } from '#results/credentials.ts';
import type { ComponentStatusCode } from '#results/definition.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type Language = 'zh' | 'en';

export interface Texts {
  /** Value of the attribute lang. */
  readonly htmlLang: string;
  readonly pageTitle: string;
  readonly otherLanguage: string;
  readonly skipToForm: string;
  readonly privacy: string;

  readonly list: {
    readonly heading: string;
    readonly none: string;
    readonly noneNote: string;
    readonly scheduled: string;
    readonly scheduledUnknown: string;
    readonly open: string;
    readonly withdrawn: string;
    readonly backToList: string;
  };

  readonly state: {
    readonly scheduledTitle: string;
    readonly scheduledUnknown: string;
    readonly countdownLabel: string;
    readonly prepare: string;
    readonly prepareWithoutScript: string;
    readonly open: string;
    readonly withdrawnTitle: string;
    readonly withdrawnNote: string;
    readonly notFoundTitle: string;
    readonly notFoundNote: string;
    readonly crossSiteTitle: string;
    readonly crossSiteNote: string;
    readonly tooLargeTitle: string;
    readonly tooLargeNote: string;
  };

  readonly form: {
    readonly chooseSet: string;
    readonly and: string;
    readonly example: string;
    readonly typed: string;
    readonly clean: string;
    readonly submit: string;
    readonly submitWhenOpen: string;
    readonly edit: string;
    readonly cancel: string;
    readonly checked: string;
  };

  /** What is wrong with a field, said so that it can be put right. */
  readonly faults: Readonly<Record<CredentialFault | 'not-text' | 'no-such-set', string>>;
  readonly faultSummary: string;

  readonly notice: {
    readonly asking: string;
    readonly askingSlow: string;
    readonly armedTitle: string;
    readonly armedNote: string;
    readonly turnTitle: string;
    readonly turnNote: string;
    readonly turnIn: string;
    readonly busyTitle: string;
    readonly busyNote: string;
    readonly awayTitle: string;
    readonly awayNote: string;
    readonly offlineTitle: string;
    readonly offlineNote: string;
    readonly retryIn: string;
    readonly retryNow: string;
    readonly pauseTitle: string;
    readonly pauseNote: string;
    readonly longPauseNote: string;
    readonly proofTitle: string;
    readonly proofNote: string;
    readonly proofWithoutScript: string;
    readonly absentTitle: string;
    readonly absentNote: string;
    readonly notReleasedTitle: string;
    readonly notReleasedNote: string;
    readonly waitWithoutScript: string;
    readonly unexpectedTitle: string;
    readonly unexpectedNote: string;
    readonly cleared: string;
    readonly requestId: string;
  };

  readonly slip: {
    readonly heading: string;
    readonly name: string;
    readonly number: string;
    readonly total: string;
    readonly outOf: string;
    readonly rank: string;
    readonly rankValue: string;
    readonly components: string;
    readonly component: string;
    readonly mark: string;
    readonly fullMark: string;
    readonly grade: string;
    readonly corrected: string;
    readonly correctedNote: string;
    readonly rehearsal: string;
    readonly publishedAt: string;
    readonly batch: string;
    readonly nextStep: string;
    readonly print: string;
    readonly saveImage: string;
    readonly another: string;
    readonly clearsIn: string;
    readonly imageNote: string;
    readonly imageAlt: string;
    readonly close: string;
    /** Kind words when a component has no mark. */
    readonly componentNotes: Readonly<Record<ComponentStatusCode, string>>;
  };

  readonly time: {
    /** {date} and {time}, and the zone in {zone}. */
    readonly instant: string;
    readonly beijing: string;
    readonly days: string;
    readonly hours: string;
    readonly minutes: string;
    readonly seconds: string;
    readonly date: string;
    readonly months: readonly string[];
  };
}

export const TEXTS: Readonly<Record<Language, Texts>> = { zh, en };
