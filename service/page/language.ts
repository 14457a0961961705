/**
 * Which language a visitor reads: the one chosen by the link at the top, else the browser's, else Chinese.
 */
import type { Language } from './texts/texts.ts';

/**
 * @param chosen value of the query's `lang`.
 * @param acceptLanguage the header, as of RFC 9110 section 12.5.4.
 */
export function chooseLanguage(chosen: string | undefined, acceptLanguage: string | undefined): Language {
  if (chosen === 'zh' || chosen === 'en') return chosen;
  // Longer ones are no browser's; they are not worth the time.
  if (acceptLanguage === undefined || acceptLanguage.length > 200) return 'zh';
  let best: Language = 'zh';
  let bestQuality = 0;
  for (const range of acceptLanguage.split(',')) {
    const match = /^\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/.exec(
      range,
    );
    if (match === null) continue;
    const tag = (match[1] ?? '').toLowerCase();
    const quality = match[2] === undefined ? 1 : Number(match[2]);
    const language = tag === 'en' ? 'en' : tag === 'zh' || tag === '*' ? 'zh' : undefined;
    if (language !== undefined && quality > bestQuality) [best, bestQuality] = [language, quality];
  }
  return best;
}
