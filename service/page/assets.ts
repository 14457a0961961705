/**
 * Style and script of the page, put together once at start-up and hashed for the Content-Security-Policy.
 * There is no build step: the browser's modules are JavaScript as the browser takes it, in an order in
 * which each finds what it needs; only imports, exports and comments are left out.
 *
 * Failure policy: a file that is missing ends the start with the system's own error.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** In the order of their need. */
const MODULES = [
  'shared/words.js',
  'shared/schedule.js',
  'shared/credential-check.js',
  'shared/slip-view.js',
  'browser/elements.js',
  'browser/clock.js',
  'browser/proof-of-work.js',
  'browser/service.js',
  'browser/fields.js',
  'browser/notice.js',
  'browser/release-box.js',
  'browser/slip-image.js',
  'browser/slip-screen.js',
  'browser/main.js',
];

export interface PageAssets {
  readonly style: string;
  readonly script: string;
  /** Header Content-Security-Policy of every page. */
  readonly contentSecurityPolicy: string;
}

/** Reads and prepares the assets. */
export function loadAssets(): PageAssets {
  const style = withoutComments(readFileSync(new URL('style.css', import.meta.url), 'utf8')) + SET_RULES;
  const script = bundle(MODULES.map((name) => readFileSync(new URL(name, import.meta.url), 'utf8')));
  const policy = [
    `default-src 'none'`,
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    `connect-src 'self'`,
    // The slip as an image, and the icon.
    `img-src data:`,
    // The proof of work; browsers before Chrome 59 take script-src for it and then work without.
    `worker-src blob:`,
    `form-action 'self'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ];
  return { style, script, contentSecurityPolicy: policy.join('; ') };
}

/** One function around all modules, so that nothing is global. */
export function bundle(sources: readonly string[]): string {
  const body = sources.map((source) =>
    withoutComments(source)
      .replace(/^import [^;]*;\n/gm, '')
      .replace(/^export /gm, ''),
  );
  return `(function(){'use strict';\n${body.join('')}})();`;
}

/** Comments that have lines of their own; a template that holds such lines would suffer, and none does. */
function withoutComments(source: string): string {
  return source
    .replace(/^[ \t]*\/\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*\n/gm, '')
    .replace(/^[ \t]*\/\/.*\n/gm, '')
    .replace(/^[ \t]+/gm, '')
    .replace(/\n{2,}/g, '\n');
}

/** A definition has at most 16 credential sets; the fields that the chosen one lacks are not shown. */
const SET_RULES = Array.from(
  { length: 16 },
  (_, set) => `#set-${set}:checked~.fields .not-${set}{display:none}`,
).join('');

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
