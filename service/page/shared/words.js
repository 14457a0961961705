// @ts-check
/**
 * Words put together: escaping, filling in, times and durations. Runs in the service and in the browser.
 */

/**
 * Text for an element's content or a double-quoted attribute.
 * @param {string} text
 */
export function escapeHtml(text) {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

/**
 * Puts values in the place of `{name}`.
 * @param {string} template
 * @param {Record<string, string | number>} values
 */
export function fill(template, values) {
  return template.replace(/\{([A-Za-z]+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}

/**
 * `2026-06-25T09:00:00+08:00` as people write it, in the offset that it is given in.
 * @param {string} iso
 * @param {import('../texts/texts.ts').Texts} texts
 */
export function showInstant(iso, texts) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d):(\d\d)(Z|[+-]\d\d:\d\d)/.exec(iso);
  if (parts === null) return iso;
  const [, year = '', month = '', day = '', minute = '', second = '', offset = ''] = parts;
  const date = fill(texts.time.date, {
    year,
    month: texts.time.months[Number(month) - 1] || month,
    day: Number(day),
  });
  const time = second === '00' ? minute : `${minute}:${second}`;
  const zone =
    offset === '+08:00' ? texts.time.beijing : `UTC${offset === 'Z' ? '' : offset.replace('-', '−')}`;
  return fill(texts.time.instant, { date, time, zone });
}

/**
 * A duration in its one or two largest units, rounded up, so that nobody comes too early.
 * @param {number} seconds
 * @param {import('../texts/texts.ts').Texts} texts
 */
export function showDuration(seconds, texts) {
  const whole = Math.max(1, Math.ceil(seconds));
  const { days, hours, minutes, seconds: unit } = texts.time;
  if (whole < 100) return fill(unit, { n: whole });
  const inMinutes = Math.ceil(whole / 60);
  if (inMinutes < 60) return fill(minutes, { n: inMinutes });
  if (inMinutes < 24 * 60) {
    const rest = inMinutes % 60;
    const full = fill(hours, { n: Math.floor(inMinutes / 60) });
    return rest === 0 ? full : `${full} ${fill(minutes, { n: rest })}`;
  }
  const inHours = Math.ceil(inMinutes / 60);
  const rest = inHours % 24;
  const full = fill(days, { n: Math.floor(inHours / 24) });
  return rest === 0 ? full : `${full} ${fill(hours, { n: rest })}`;
}
