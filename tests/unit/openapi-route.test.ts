import { describe, expect, it } from 'vitest';
import type { Hono } from 'hono';
import { Admission } from '../../service/http/admission.ts';
import { createApp } from '../../service/http/app.ts';
import { createCallerOf } from '../../service/http/caller.ts';
import { createAnswerLookup } from '../../service/http/lookup-answer.ts';
import { createLookupCalls } from '../../service/http/lookup-calls.ts';
import { describeApi } from '../../service/http/openapi/document.ts';
import { makePepperFile } from '../helpers/batch.ts';
import { makeContract, type OpenApi } from '../helpers/openapi.ts';

const openApi = describeApi() as unknown as OpenApi;
const LOOKUP = 'POST /v1/series/{seriesId}/lookup';

/** The application without stores: nothing was read, and a lookup is a fault of the program. */
function makeApp(): Hono {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const admission = new Admission(10, { inFlight: () => {}, shed: () => {} });
  const { pepper } = makePepperFile();
  const answerLookup = createAnswerLookup({
    lookup: () => Promise.reject(new Error('a fault')),
    admission,
    log,
  });
  const callerOf = createCallerOf({ peppers: [pepper], trustedProxies: [], maxNumber: 1_000 });
  return createApp({
    lookups: createLookupCalls({ answerLookup, admission, callerOf }),
    listSeries: () => undefined,
    log,
  });
}

describe('GET /openapi.json', () => {
  it('is the description, which may be kept for a while', async () => {
    const response = await makeApp().request('/openapi.json');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const text = await response.text();
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(JSON.parse(text)).toEqual(openApi);
  });

  it('is the same, with the same tag, on every instance', async () => {
    const [one, other] = await Promise.all([
      makeApp().request('/openapi.json'),
      makeApp().request('/openapi.json'),
    ]);
    expect(one.headers.get('etag')).toMatch(/^"[\w-]{22}"$/);
    expect(one.headers.get('etag')).toBe(other.headers.get('etag'));
    expect(await one.text()).toBe(await other.text());
  });

  it('is not sent again to who has it', async () => {
    const app = makeApp();
    const etag = (await app.request('/openapi.json')).headers.get('etag') ?? '';
    for (const [value, status] of [
      [etag, 304],
      [`W/${etag}`, 304],
      [`"another", ${etag}`, 304],
      ['*', 304],
      ['"another"', 200],
      [etag.replaceAll('"', ''), 200],
      ['', 200],
    ] as const) {
      const response = await app.request('/openapi.json', { headers: { 'if-none-match': value } });
      expect([value, response.status]).toEqual([value, status]);
      expect(response.headers.get('etag')).toBe(etag);
      if (status === 304) expect(await response.text()).toBe('');
    }
  });
});

describe('a method that an address does not take', () => {
  it.each([
    ['/openapi.json', 'POST', 'GET, HEAD'],
    ['/v1/series', 'DELETE', 'GET, HEAD'],
    ['/v1/series', 'OPTIONS', 'GET, HEAD'],
    ['/', 'PUT', 'GET, HEAD'],
    ['/s/zj-gaokao-2026', 'PATCH', 'GET, HEAD, POST'],
  ])('is, at %s by %s, 405 with those that it takes', async (path, method, allow) => {
    const response = await makeApp().request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toMatchObject({
      type: 'urn:fangbang:problem:invalid-request',
      status: 405,
      fault: 'wrong-method',
    });
  });

  it('is 404 where nothing is', async () => {
    for (const path of ['/openapi', '/v2/series', '/v1/series/'])
      expect((await makeApp().request(path, { method: 'PUT' })).status).toBe(404);
  });

  it('is one of those by which HEAD is answered wherever GET is', async () => {
    const response = await makeApp().request('/openapi.json', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });
});

describe('answers without a store, against the description', () => {
  it.each([
    [LOOKUP, '/v1/series/zj/lookup', { method: 'POST', body: '{}' }, 500],
    ['GET /v1/series', '/v1/series', {}, 503],
    ['GET /openapi.json', '/openapi.json', {}, 200],
    ['GET /openapi.json', '/openapi.json', { headers: { 'if-none-match': '*' } }, 304],
  ] as const)('%s: %s', async (operation, path, init, status) => {
    const response = await makeApp().request(path, {
      headers: { 'content-type': 'application/json' },
      ...init,
    });
    expect(response.status).toBe(status);
    const { headers } = response;
    expect(
      makeContract(openApi).faultsOf(operation, { status, headers, text: await response.text() }),
    ).toEqual([]);
  });
});
