// @ts-check
/**
 * A found answer as HTML. The service renders it for browsers without scripts, the browser's script for
 * the others: one text for both.
 */
import { escapeHtml, fill, showInstant } from './words.js';

/**
 * @typedef {{ zh: string, en: string }} Text
 * @typedef {object} Component
 * @property {string} code
 * @property {Text} title
 * @property {number} [score]
 * @property {number} [max]
 * @property {string} [grade]
 * @property {{ code: 'absent' | 'exempt' | 'misconduct' | 'withheld', title: Text }} [status]
 *
 * @typedef {object} Slip the body of a 200 (design.md section 5).
 * @property {{ id: string, title: Text, rehearsal?: boolean }} series
 * @property {{ number: number, publishedAt: string, corrected: boolean }} batch
 * @property {{ number: string, name: string }} candidate
 * @property {{ code: string, title: Text, note: Text }} status
 * @property {Component[]} components
 * @property {{ score: number, max: number }} [total]
 * @property {number} [rank]
 * @property {{ code: string, title: Text }[]} [flags]
 *
 * @typedef {object} SlipWords
 * @property {import('../texts/texts.ts').Texts} texts
 * @property {'zh' | 'en'} language
 * @property {{ name: string, number: string }} titles of the series' own name and candidate number.
 * @property {string | undefined} footer the series' own text under every slip.
 */

/**
 * Notes under the marks: one for each state that takes a mark's place, and one for a correction.
 * @param {Slip} slip
 * @param {SlipWords} words
 * @returns {string[]}
 */
export function slipNotes(slip, words) {
  const { texts, language, footer } = words;
  const notes = [slip.status.note[language]];
  for (const component of slip.components) {
    if (component.status === undefined) continue;
    const note = texts.slip.componentNotes[component.status.code];
    if (note !== undefined && notes.indexOf(note) < 0) notes.push(note);
  }
  if (footer !== undefined) notes.push(footer);
  return notes;
}

/**
 * No component has a mark: nobody who was absent needs to read a 0 in large figures.
 * @param {Slip} slip
 */
export function isMarkless(slip) {
  return slip.components.length > 0 && slip.components.every((component) => component.status !== undefined);
}

/**
 * What stands in a component's place, and the maximum beside it.
 * @param {Component} component
 * @param {SlipWords} words
 */
export function componentMark(component, words) {
  if (component.score !== undefined)
    return { mark: String(component.score), max: component.max === undefined ? '' : String(component.max) };
  if (component.grade !== undefined) return { mark: component.grade, max: '' };
  return { mark: component.status === undefined ? '—' : component.status.title[words.language], max: '' };
}

/**
 * @param {Slip} slip
 * @param {SlipWords} words
 * @returns {string} the content of the slip's section.
 */
export function slipHtml(slip, words) {
  const { texts, language, titles } = words;
  const t = texts.slip;
  const e = escapeHtml;
  const stamps =
    (slip.series.rehearsal === true ? `<p class="stamp rehearsal">${e(t.rehearsal)}</p>` : '') +
    (slip.batch.corrected ? `<p class="stamp">${e(t.corrected)}</p>` : '');
  const total =
    slip.total === undefined || isMarkless(slip)
      ? ''
      : `<div class="total"><dt>${e(t.total)}</dt><dd><b>${e(String(slip.total.score))}</b> <span>${e(fill(t.outOf, { max: slip.total.max }))}</span></dd></div>`;
  const rank =
    slip.rank === undefined
      ? ''
      : `<div class="rank"><dt>${e(t.rank)}</dt><dd>${e(fill(t.rankValue, { rank: slip.rank }))}</dd></div>`;
  const flags =
    slip.flags === undefined || slip.flags.length === 0
      ? ''
      : `<ul class="flags">${slip.flags.map((flag) => `<li>${e(flag.title[language])}</li>`).join('')}</ul>`;
  const notes = (slip.batch.corrected ? [t.correctedNote] : []).concat(slipNotes(slip, words));
  return (
    `<header class="slip-head"><div><p class="slip-kind">${e(t.heading)}</p>` +
    `<h1 id="slip-title" tabindex="-1">${e(slip.series.title[language])}</h1></div>${stamps}</header>` +
    `<dl class="who"><div><dt>${e(titles.name)}</dt><dd>${e(slip.candidate.name)}</dd></div>` +
    `<div><dt>${e(titles.number)}</dt><dd class="digits">${e(slip.candidate.number)}</dd></div></dl>` +
    `<p class="status status-${e(slip.status.code)}">${e(slip.status.title[language])}</p>` +
    (total + rank === '' ? '' : `<dl class="sum">${total}${rank}</dl>`) +
    componentsHtml(slip, words) +
    flags +
    `<section class="next"><h2>${e(t.nextStep)}</h2>${notes.map((note) => `<p>${e(note)}</p>`).join('')}</section>` +
    `<dl class="origin"><div><dt>${e(t.publishedAt)}</dt><dd>${e(showInstant(slip.batch.publishedAt, texts))}</dd></div>` +
    `<div><dt>${e(t.batch)}</dt><dd class="digits">${e(String(slip.batch.number))}</dd></div></dl>`
  );
}

/**
 * @param {Slip} slip
 * @param {SlipWords} words
 */
function componentsHtml(slip, words) {
  if (slip.components.length === 0) return '';
  const t = words.texts.slip;
  const e = escapeHtml;
  const withMax = slip.components.some((component) => component.max !== undefined);
  const hasScores = slip.components.some((component) => component.score !== undefined);
  const onlyGrades = !hasScores && slip.components.some((component) => component.grade !== undefined);
  const rows = slip.components.map((component) => {
    const { mark, max } = componentMark(component, words);
    const kind = component.status === undefined ? '' : ' class="without"';
    return (
      `<tr><th scope="row">${e(component.title[words.language])}</th><td${kind}>${e(mark)}</td>` +
      `${withMax ? `<td class="max">${e(max)}</td>` : ''}</tr>`
    );
  });
  return (
    `<table class="marks"><caption>${e(t.components)}</caption><thead><tr><th scope="col">${e(t.component)}</th>` +
    `<th scope="col">${e(onlyGrades ? t.grade : t.mark)}</th>${withMax ? `<th scope="col">${e(t.fullMark)}</th>` : ''}</tr></thead>` +
    `<tbody>${rows.join('')}</tbody></table>`
  );
}
