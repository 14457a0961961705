/**
 * What somebody who writes to the account wants. Nothing of what is written is kept or answered back.
 */
import type { Language } from './texts.ts';

export type Wish =
  /** What is open and when, with a link; `hasNumber`: a number was sent that does not belong here. */
  | {
      readonly kind: 'results';
      readonly language: Language;
      readonly greets: boolean;
      readonly hasNumber: boolean;
    }
  | { readonly kind: 'help'; readonly language: Language }
  /** Events that are not answered: gone, a link tapped, a place told. */
  | { readonly kind: 'nothing' };

/** Key of the menu's button (menu.json). */
export const MENU_KEY = 'RESULTS';

const RESULTS_ZH = /查分|成绩|分数|查询|查成績|成績/;
const RESULTS_EN = /\b(?:results?|scores?|marks?)\b/;
/** Candidate and identity numbers have 9 digits and more. */
const NUMBER = /[0-9]{8}/;

/** @param message elements of the message by their names. */
export function wishOf(message: ReadonlyMap<string, string>): Wish {
  const type = message.get('MsgType');
  if (type === 'event') return wishOfEvent(message);
  if (type !== 'text') return { kind: 'help', language: 'zh' };
  const content = (message.get('Content') ?? '').normalize('NFKC').toLowerCase();
  const language = /[a-z]/.test(content) && !/[\u4E00-\u9FFF]/.test(content) ? 'en' : 'zh';
  const hasNumber = NUMBER.test(content.replace(/[\s-]/g, ''));
  const isAboutResults = RESULTS_ZH.test(content) || RESULTS_EN.test(content);
  return isAboutResults || hasNumber
    ? { kind: 'results', language, greets: false, hasNumber }
    : { kind: 'help', language };
}

function wishOfEvent(message: ReadonlyMap<string, string>): Wish {
  const results = { kind: 'results', language: 'zh', hasNumber: false } as const;
  switch (message.get('Event')?.toLowerCase()) {
    case 'subscribe':
      return { ...results, greets: true };
    // Somebody who follows the account already has scanned its code.
    case 'scan':
      return { ...results, greets: false };
    case 'click':
      return message.get('EventKey') === MENU_KEY
        ? { ...results, greets: false }
        : { kind: 'help', language: 'zh' };
    default:
      return { kind: 'nothing' };
  }
}
