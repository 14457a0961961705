// @ts-check
/// <reference lib="dom" />
/**
 * The slip on the screen, what one can do with it, and its clearing.
 */
import { slipHtml } from '../shared/slip-view.js';
import { fill, showDuration } from '../shared/words.js';
import { drawSlip } from './slip-image.js';

/** A slip that nobody touches is cleared after ten minutes: phones are lent, computers are shared. */
const CLEAR_AFTER_MS = 600000;

/**
 * @typedef {object} SlipScreen
 * @property {(slip: import('../shared/slip-view.js').Slip) => void} show
 * @property {() => void} clear
 * @property {() => void} tick counts down to the clearing; to be called about once a second.
 */

/**
 * @param {HTMLElement} section
 * @param {import('../shared/slip-view.js').SlipWords} words
 * @param {(byItself: boolean) => void} onClear the slip is to be cleared, by the examinee or by time.
 * @returns {SlipScreen}
 */
export function makeSlipScreen(section, words, onClear) {
  const t = words.texts.slip;
  let lastTouchMs = 0;
  for (const kind of ['pointerdown', 'keydown', 'touchstart', 'scroll'])
    window.addEventListener(kind, () => {
      lastTouchMs = Date.now();
    });

  return {
    show: (slip) => {
      document.body.classList.add('has-slip');
      section.innerHTML = slipHtml(slip, words);
      section.hidden = false;
      const actions = make('div', 'actions', '');
      actions.appendChild(button(t.saveImage, () => showImage(section, drawSlip(slip, words), words.texts)));
      // WeChat's own browser cannot print.
      if (!/MicroMessenger/i.test(navigator.userAgent))
        actions.appendChild(button(t.print, () => window.print()));
      actions.appendChild(button(t.another, () => onClear(false)));
      section.appendChild(actions);
      section.appendChild(make('p', 'clears', ''));
      lastTouchMs = Date.now();
      const title = document.getElementById('slip-title');
      if (title !== null) title.focus();
      window.scrollTo(0, 0);
    },
    clear: () => {
      section.textContent = '';
      section.hidden = true;
      document.body.classList.remove('has-slip');
    },
    tick: () => {
      const line = section.querySelector('.clears');
      if (line === null) return;
      const leftMs = lastTouchMs + CLEAR_AFTER_MS - Date.now();
      if (leftMs <= 0) {
        onClear(true);
        return;
      }
      const duration = showDuration(Math.max(60, leftMs / 1000), words.texts);
      const said = fill(t.clearsIn, { duration });
      if (line.textContent !== said) line.textContent = said;
    },
  };
}

/**
 * The picture, for a long press or, on a computer, a click that saves it.
 * @param {HTMLElement} section
 * @param {string} url
 * @param {import('../texts/texts.ts').Texts} texts
 */
function showImage(section, url, texts) {
  const t = texts.slip;
  const old = section.querySelector('.picture');
  if (old !== null) section.removeChild(old);
  const figure = make('figure', 'picture', '');
  const caption = make('figcaption', '', t.imageNote);
  caption.tabIndex = -1;
  const image = document.createElement('img');
  image.alt = t.imageAlt;
  image.src = url;
  const link = document.createElement('a');
  link.href = url;
  link.download = `${t.heading}.png`;
  link.appendChild(image);
  figure.appendChild(caption);
  figure.appendChild(link);
  figure.appendChild(button(t.close, () => section.removeChild(figure)));
  section.appendChild(figure);
  caption.focus();
}

/**
 * @param {string} label
 * @param {() => void} act
 */
function button(label, act) {
  const made = make('button', 'secondary', label);
  made.setAttribute('type', 'button');
  made.addEventListener('click', act);
  return made;
}

/**
 * @param {string} kind
 * @param {string} className
 * @param {string} text
 * @returns {HTMLElement}
 */
function make(kind, className, text) {
  const element = document.createElement(kind);
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}
