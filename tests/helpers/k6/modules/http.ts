/** @module The double of `k6/http`, as far as our scripts use it; the requests are real. */
import { InvalidConfig } from '../faults.ts';
import { addSample, requirePhase, strict } from '../runtime.ts';
import type { Tags } from '../runtime.ts';
import { requestSync } from '../synchronous-http.ts';

interface ExpectedStatuses {
  readonly statuses: readonly number[];
}

interface Params {
  readonly headers?: Readonly<Record<string, string>>;
  readonly tags?: Tags;
  readonly timeout?: string;
  readonly responseType?: 'text' | 'none';
  readonly responseCallback?: ExpectedStatuses;
}
const KNOWN_PARAMS = new Set(['headers', 'tags', 'timeout', 'responseType', 'responseCallback']);

export function expectedStatuses(...statuses: readonly number[]): ExpectedStatuses {
  return { statuses };
}

export function request(
  method: string,
  url: string,
  body?: string | null,
  params: Params | null = {},
): object {
  requirePhase(
    ['setup', 'iteration', 'teardown'],
    'Making http requests in the init context is not supported',
  );
  const { headers = {}, tags, timeout = '60s', responseType = 'text', responseCallback } = params ?? {};
  for (const name of Object.keys(params ?? {})) {
    if (!KNOWN_PARAMS.has(name))
      throw new InvalidConfig(`the double of k6/http knows no parameter "${name}"`);
  }
  const seconds = /^([0-9]+(?:\.[0-9]+)?)s$/.exec(timeout)?.[1];
  if (seconds === undefined)
    throw new InvalidConfig(`the double of k6/http takes a timeout in seconds, not ${timeout}`);
  const plain = requestSync({
    method,
    url,
    headers,
    body: body ?? undefined,
    timeoutMs: Number(seconds) * 1_000,
  });
  if (plain.status >= 300 && plain.status < 400)
    throw new InvalidConfig('the double of k6/http follows no redirect');

  const expected =
    responseCallback === undefined
      ? plain.status >= 200 && plain.status < 400
      : responseCallback.statuses.includes(plain.status);
  const all = {
    name: url,
    method,
    status: String(plain.status),
    expected_response: String(expected),
    ...tags,
  };
  addSample('http_reqs', 1, all);
  addSample('http_req_duration', plain.durationMs, all);
  addSample('http_req_failed', expected ? 0 : 1, all);
  return strict('http response', {
    status: plain.status,
    // Go's canonical form: a script that looks for content-type finds nothing, here as in k6.
    headers: Object.fromEntries(
      Object.entries(plain.headers).map(([name, value]) => [
        name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase()),
        value,
      ]),
    ),
    body: responseType === 'none' || plain.status === 0 ? null : plain.body,
    error: plain.error,
    timings: { duration: plain.durationMs },
    url,
  });
}

export function get(url: string, params?: Params | null): object {
  return request('GET', url, undefined, params);
}

export function post(url: string, body?: string | null, params?: Params | null): object {
  return request('POST', url, body, params);
}

export default strict('http', { get, post, request, expectedStatuses });
