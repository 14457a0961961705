// @ts-check
/// <reference lib="dom" />
/**
 * The words above the form. They stand in a live region, so that a screen reader says them once; what
 * counts every second stands beside it and is not said.
 */
import { escapeHtml, fill } from '../shared/words.js';

/**
 * @typedef {object} NoticeWords
 * @property {'problem' | 'wait' | 'calm'} tone
 * @property {string} title
 * @property {string} [text]
 * @property {string} [requestId] for whoever is asked for help.
 *
 * @typedef {object} Notice
 * @property {(words: NoticeWords) => void} say
 * @property {() => void} hush takes all words away.
 * @property {(words: string) => void} countTo the line that counts; empty for none.
 * @property {() => (share: number) => void} progress adds a bar; the function moves it, 0 to 1.
 * @property {() => void} focus for words that need reading before anything else is done.
 * @property {() => string} title what is being said.
 */

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} count
 * @param {import('../texts/texts.ts').Texts} texts
 * @returns {Notice}
 */
export function makeNotice(place, count, texts) {
  let title = '';
  const countTo = (/** @type {string} */ words) => {
    if (count.textContent !== words) count.textContent = words;
    count.hidden = words === '';
  };
  return {
    say: (words) => {
      const id = words.requestId ? fill(texts.notice.requestId, { id: words.requestId }) : '';
      title = words.title;
      place.innerHTML =
        `<div class="notice ${words.tone}" tabindex="-1">${paragraph('notice-title', title)}` +
        `${paragraph('notice-text', words.text || '')}${paragraph('request', id)}</div>`;
    },
    hush: () => {
      title = '';
      place.textContent = '';
      countTo('');
    },
    countTo,
    progress: () => {
      const bar = document.createElement('progress');
      bar.setAttribute('aria-label', title);
      bar.max = 1;
      bar.value = 0;
      const box = place.firstElementChild;
      if (box !== null) box.appendChild(bar);
      return (share) => {
        bar.value = share;
      };
    },
    focus: () => {
      const box = place.firstElementChild;
      if (box instanceof HTMLElement) box.focus();
    },
    title: () => title,
  };
}

/**
 * @param {string} kind
 * @param {string} text
 */
function paragraph(kind, text) {
  return text === '' ? '' : `<p class="${kind}">${escapeHtml(text)}</p>`;
}
