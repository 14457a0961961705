/**
 * HTML as a type of its own, so that text cannot be put in unescaped by mistake: what is not Html is
 * escaped by the template tag.
 */
import { escapeHtml } from './shared/words.js';

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Nothing. */
export const NOTHING = new Html('');

type Part = Html | string | number | readonly Html[];

/** The tag is not called html, for which formatters rearrange white space. Text is escaped, Html and lists of it go in as they are. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let out = strings[0] ?? '';
  for (const [i, part] of parts.entries()) out += show(part) + (strings[i + 1] ?? '');
  return new Html(out);
}

function show(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return part.map((one) => one.text).join('');
}

/** JSON that may stand in a script element: `<` could end it, U+2028 and U+2029 are no line breaks in JSON alone. */
export function jsonForScript(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(
      /[<\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );
}
