// @ts-check
/// <reference lib="dom" />
/**
 * What the page asks of the service.
 *
 * Failure policy: nothing here rejects. No answer within 20 s, or none at all, is status 0, which the
 * schedule takes for "try again".
 */

/** Longer than the service ever takes; a phone in a crowded cell may need seconds for the way. */
const TIMEOUT_MS = 20000;

/**
 * @typedef {object} ServiceAnswer
 * @property {number} status
 * @property {string} problem
 * @property {number | undefined} retryAfterS
 * @property {number | undefined} releaseAtMs
 * @property {any} body parsed; undefined when it is no JSON.
 * @property {number | undefined} serviceMs by the header Date.
 */

/**
 * One lookup.
 * @param {string} series
 * @param {Record<string, string>} credentials
 * @param {string | undefined} proof value of the header fangbang-proof.
 * @returns {Promise<ServiceAnswer>}
 */
export function askLookup(series, credentials, proof) {
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (proof !== undefined) headers['fangbang-proof'] = proof;
  return send(`/v1/series/${series}/lookup`, { method: 'POST', headers, body: JSON.stringify(credentials) });
}

/**
 * The announced series, and the time.
 * @returns {Promise<ServiceAnswer>}
 */
export function askSeries() {
  return send('/v1/series', { method: 'GET', headers: { accept: 'application/json' } });
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<ServiceAnswer>}
 */
async function send(path, init) {
  const controller = window.AbortController ? new AbortController() : undefined;
  const options = Object.assign({ credentials: 'same-origin', cache: 'no-store', redirect: 'error' }, init);
  if (controller) options.signal = controller.signal;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => {
      if (controller) controller.abort();
      reject(new Error('timeout'));
    }, TIMEOUT_MS);
  });
  try {
    return await Promise.race([fetchAnswer(path, /** @type {RequestInit} */ (options)), timeout]);
  } catch {
    return nothingCame();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function fetchAnswer(path, options) {
  const response = await fetch(path, options);
  return readAnswer(response, await response.text());
}

/**
 * @param {Response} response
 * @param {string} text
 * @returns {ServiceAnswer}
 */
function readAnswer(response, text) {
  /** @type {any} */
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const retryAfter = response.headers.get('retry-after');
  const date = Date.parse(response.headers.get('date') || '');
  const type = body && typeof body.type === 'string' ? body.type : '';
  const releaseAt = body && typeof body.releaseAt === 'string' ? Date.parse(body.releaseAt) : NaN;
  return {
    // A 200 that is no JSON is a captive portal's page, not an answer.
    status: response.status === 200 && body === undefined ? 0 : response.status,
    problem: type.replace('urn:fangbang:problem:', ''),
    retryAfterS: retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined,
    releaseAtMs: isNaN(releaseAt) ? undefined : releaseAt,
    body,
    serviceMs: isNaN(date) ? undefined : date,
  };
}

/** @returns {ServiceAnswer} */
function nothingCame() {
  return {
    status: 0,
    problem: '',
    retryAfterS: undefined,
    releaseAtMs: undefined,
    body: undefined,
    serviceMs: undefined,
  };
}
