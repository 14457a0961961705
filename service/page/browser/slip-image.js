// @ts-check
/// <reference lib="dom" />
/**
 * The slip as a picture, for phones that cannot print: drawn here, sent nowhere.
 */
import { componentMark, isMarkless, slipNotes } from '../shared/slip-view.js';
import { fill, showInstant } from '../shared/words.js';

const WIDTH = 720;
const MARGIN = 48;
/** Pixels of the picture per unit, so that it stays sharp when it is enlarged. */
const SCALE = 2;
const INK = '#1f1b16';
const MUTED = '#6b6358';
const LINE = '#ddd5c8';
const SEAL = '#a63a2b';

/**
 * @param {import('../shared/slip-view.js').Slip} slip
 * @param {import('../shared/slip-view.js').SlipWords} words
 * @returns {string} a PNG as a data: URL, which WeChat's "save image" takes; it does not take blob: URLs.
 */
export function drawSlip(slip, words) {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH * SCALE;
  // Once to learn the height, once to draw.
  canvas.height = 10;
  const height = paint(canvas, slip, words);
  canvas.height = Math.ceil(height * SCALE);
  paint(canvas, slip, words);
  return canvas.toDataURL('image/png');
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import('../shared/slip-view.js').Slip} slip
 * @param {import('../shared/slip-view.js').SlipWords} words
 * @returns {number} the height taken, in units.
 */
function paint(canvas, slip, words) {
  const { texts, language, titles } = words;
  const t = texts.slip;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const family = getComputedStyle(document.body).fontFamily;
  context.setTransform(SCALE, 0, 0, SCALE, 0, 0);
  context.fillStyle = '#fffdf9';
  context.fillRect(0, 0, WIDTH, canvas.height);
  context.textBaseline = 'alphabetic';
  let y = MARGIN;

  const text = (
    /** @type {string} */ words1,
    /** @type {{ size: number, colour?: string, bold?: boolean, right?: boolean, x?: number }} */ style,
  ) => {
    context.font = `${style.bold ? '600 ' : ''}${style.size}px ${family}`;
    context.fillStyle = style.colour || INK;
    context.textAlign = style.right ? 'right' : 'left';
    context.fillText(words1, style.x === undefined ? (style.right ? WIDTH - MARGIN : MARGIN) : style.x, y);
  };
  const wrapped = (
    /** @type {string} */ words1,
    /** @type {{ size: number, colour?: string, bold?: boolean }} */ style,
  ) => {
    context.font = `${style.bold ? '600 ' : ''}${style.size}px ${family}`;
    for (const line of breakLines(context, words1, WIDTH - 2 * MARGIN)) {
      y += style.size * 1.5;
      text(line, style);
    }
  };
  const rule = () => {
    y += 20;
    context.strokeStyle = LINE;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(MARGIN, y);
    context.lineTo(WIDTH - MARGIN, y);
    context.stroke();
    y += 4;
  };
  const pair = (/** @type {string} */ label, /** @type {string} */ value, /** @type {boolean} */ quiet) => {
    y += 40;
    text(label, { size: 24, colour: MUTED });
    text(value, { size: 24, right: true, colour: quiet ? MUTED : INK, bold: !quiet });
  };

  if (slip.series.rehearsal === true) wrapped(t.rehearsal, { size: 24, colour: SEAL, bold: true });
  wrapped(slip.series.title[language], { size: 30, bold: true });
  if (slip.batch.corrected) wrapped(t.corrected, { size: 24, colour: SEAL, bold: true });
  rule();
  pair(titles.name, slip.candidate.name, false);
  pair(titles.number, slip.candidate.number, false);
  rule();
  wrapped(slip.status.title[language], { size: 28, bold: true });
  if (slip.total !== undefined && !isMarkless(slip)) {
    y += 84;
    text(t.total, { size: 24, colour: MUTED });
    text(String(slip.total.score), { size: 76, bold: true, x: WIDTH - MARGIN - 150, right: true });
    text(fill(t.outOf, { max: slip.total.max }), { size: 24, colour: MUTED, right: true });
  }
  if (slip.rank !== undefined) pair(t.rank, fill(t.rankValue, { rank: slip.rank }), false);
  if (slip.components.length > 0) rule();
  for (const component of slip.components) {
    const { mark, max } = componentMark(component, words);
    pair(component.title[language], max === '' ? mark : `${mark} / ${max}`, component.status !== undefined);
  }
  for (const flag of slip.flags || []) wrapped(flag.title[language], { size: 22, colour: MUTED });
  rule();
  for (const note of slipNotes(slip, words)) wrapped(note, { size: 20, colour: MUTED });
  y += 12;
  wrapped(`${t.publishedAt} ${showInstant(slip.batch.publishedAt, texts)}`, { size: 20, colour: MUTED });
  wrapped(`${t.batch} ${slip.batch.number}`, { size: 20, colour: MUTED });
  return y + MARGIN;
}

/**
 * Lines no wider than `width`: broken at spaces in English, anywhere in Chinese.
 * @param {CanvasRenderingContext2D} context
 * @param {string} words
 * @param {number} width
 * @returns {string[]}
 */
function breakLines(context, words, width) {
  const pieces = words.match(/[^\s\u2E80-\u{10FFFF}]+\s*|[^]/gu) || [];
  /** @type {string[]} */
  const lines = [];
  let line = '';
  for (const piece of pieces) {
    if (line !== '' && context.measureText(line + piece.trim()).width > width) {
      lines.push(line.trim());
      line = '';
    }
    line += piece;
  }
  if (line.trim() !== '') lines.push(line.trim());
  return lines;
}
