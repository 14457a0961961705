// @ts-check
/// <reference lib="dom" />
/**
 * What stands above the form before the release: when it is, and how long until then.
 */
import { escapeHtml, fill, showInstant } from '../shared/words.js';

/**
 * @typedef {object} ReleaseBox
 * @property {(leftMs: number) => void} count shows the countdown.
 * @property {(isBusy: boolean) => void} prepared whether the form waits already: then nobody needs to be told to fill it in.
 * @property {(releaseAt: string | null) => void} moved the release has another time now (ISO 8601).
 * @property {() => void} open results are out.
 */

/**
 * @param {import('../texts/texts.ts').Texts} texts
 * @returns {ReleaseBox}
 */
export function makeReleaseBox(texts) {
  const box = document.getElementById('state');
  const counter = document.getElementById('countdown');
  const prepare = document.getElementById('prepare');
  let shown = '';
  return {
    count: (leftMs) => {
      if (counter === null || prepare === null) return;
      const words = countdownHtml(leftMs, texts);
      if (words === shown) return;
      if (shown === '') {
        counter.hidden = false;
        prepare.textContent = texts.state.prepare;
      }
      shown = words;
      counter.innerHTML = words;
    },
    prepared: (isBusy) => {
      if (prepare !== null) prepare.hidden = isBusy;
    },
    moved: (releaseAt) => {
      const title = box === null ? null : box.querySelector('.release-title');
      if (title !== null)
        title.textContent =
          releaseAt === null
            ? texts.state.scheduledUnknown
            : fill(texts.state.scheduledTitle, { instant: showInstant(releaseAt, texts) });
      if (releaseAt === null && counter !== null) {
        counter.hidden = true;
        shown = '';
      }
    },
    open: () => {
      if (box === null) return;
      box.className = 'state open';
      box.textContent = texts.state.open;
    },
  };
}

/**
 * @param {number} leftMs
 * @param {import('../texts/texts.ts').Texts} texts
 */
function countdownHtml(leftMs, texts) {
  const left = Math.max(0, Math.ceil(leftMs / 1000));
  const days = Math.floor(left / 86400);
  const time = `${two(Math.floor(left / 3600) % 24)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
  const inDays = days === 0 ? '' : `${escapeHtml(fill(texts.time.days, { n: days }))} `;
  return (
    `<span class="countdown-label">${escapeHtml(texts.state.countdownLabel)}</span> ` +
    `<span class="countdown-time">${inDays}${time}</span>`
  );
}

/** @param {number} value */
function two(value) {
  return value < 10 ? `0${value}` : String(value);
}
