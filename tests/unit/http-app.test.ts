import { describe, expect, it } from 'vitest';
import type { Hono } from 'hono';
import type { Lookup, LookupOutcome } from '#lookup/lookup.ts';
import { SlipBody } from '#results/answer.ts';
import { computeDigest } from '#results/digest.ts';
import type { Slip } from '#results/slip.ts';
import type { LogFields, Logger } from '#lookup/observer.ts';
import type { SeriesView } from '#lookup/series-timeline.ts';
import { Admission } from '../../service/http/admission.ts';
import { createApp } from '../../service/http/app.ts';
import { createCallerOf } from '../../service/http/caller.ts';
import { createAnswerLookup } from '../../service/http/lookup-answer.ts';
import { createLookupCalls } from '../../service/http/lookup-calls.ts';
import { makePepperFile, presetDefinition } from '../helpers/batch.ts';
import { storedSlip } from '../helpers/definitions.ts';
import type { Challenge } from '../helpers/proof-of-work.ts';
import { solve } from '../helpers/proof-of-work.ts';

const CANARY = '11010519491231002X';
const { pepper } = makePepperFile();
const SLIP: Slip = {
  candidateNumber: '1',
  name: 'n',
  status: 'scored',
  marks: [],
  total: undefined,
  rank: undefined,
  flags: 0,
};
const FOUND: LookupOutcome = {
  kind: 'found',
  body: new SlipBody(100, storedSlip(presetDefinition('gaokao', 'zj'), SLIP), (_slip, into) =>
    into.write('{"total":{"score":612}}'),
  ),
  digest: computeDigest(pepper, 'zj', 'number-and-identity', ['1', '2']),
};

interface Rig {
  readonly app: Hono;
  readonly logged: string[];
  readonly counts: { shed: number; mostInFlight: number };
  readonly asked: { seriesId: string; fields: unknown }[];
}

/** The application over a use case that the test gives: what HTTP makes of its outcomes. */
function makeRig(lookup: Lookup | LookupOutcome, { maxInFlight = 10 } = {}): Rig {
  const logged: string[] = [];
  const note = (message: string, fields?: LogFields): void =>
    void logged.push(JSON.stringify({ message, fields }));
  const log: Logger = { debug: note, info: note, warn: note, error: note };
  const counts = { shed: 0, mostInFlight: 0 };
  const admission = new Admission(maxInFlight, {
    inFlight: (count) => (counts.mostInFlight = Math.max(counts.mostInFlight, count)),
    shed: () => (counts.shed += 1),
  });
  const asked: Rig['asked'] = [];
  const useCase: Lookup = async (seriesId, fields, visitor) => {
    asked.push({ seriesId, fields });
    return typeof lookup === 'function' ? lookup(seriesId, fields, visitor) : lookup;
  };
  const definition = presetDefinition('cet', 'cet-2026-06');
  const views: SeriesView[] = [
    {
      id: 'cet-2026-06',
      definition,
      state: 'scheduled',
      releaseAtMs: 0,
      releaseAt: '2026-08-20T09:00:00+08:00',
      batch: undefined,
    },
  ];
  const answerLookup = createAnswerLookup({ lookup: useCase, admission, log });
  const callerOf = createCallerOf({ peppers: [pepper], trustedProxies: [], maxNumber: 1_000 });
  const app = createApp({
    lookups: createLookupCalls({ answerLookup, admission, callerOf }),
    listSeries: () => views,
    log,
  });
  return { app, logged, counts, asked };
}

const PATH = '/v1/series/zj/lookup';
const JSON_HEADERS = { 'content-type': 'application/json' };
const post = (body: string, headers: Record<string, string> = JSON_HEADERS): RequestInit => ({
  method: 'POST',
  headers,
  body,
});

describe('a lookup over HTTP', () => {
  it('gives the use case the series and the fields as they came, and its JSON back', async () => {
    const { app, asked } = makeRig(FOUND);
    const response = await app.request(PATH, post('{"candidateNumber":"１","more":[1]}'));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"total":{"score":612}}');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(asked).toEqual([{ seriesId: 'zj', fields: { candidateNumber: '１', more: [1] } }]);
  });

  it.each([
    [{ kind: 'absent' }, 404, 'candidate-not-found', {}],
    [{ kind: 'seriesUnknown' }, 404, 'series-not-found', {}],
    [{ kind: 'unavailable' }, 503, 'temporarily-unavailable', {}],
    [{ kind: 'limited', secondsLeft: 77 }, 429, 'too-many-attempts', {}],
    [
      { kind: 'invalid', field: 'identityNumber', fault: 'wrong-check-character' },
      400,
      'invalid-request',
      { field: 'identityNumber', fault: 'wrong-check-character' },
    ],
    [
      { kind: 'invalid', field: undefined, fault: 'no-such-set' },
      400,
      'invalid-request',
      { fault: 'no-such-set' },
    ],
    [
      { kind: 'notReleased', releaseAtMs: 1, releaseAt: '2026-06-25T09:00:00+08:00', secondsLeft: 90 },
      403,
      'not-released',
      { releaseAt: '2026-06-25T09:00:00+08:00' },
    ],
    [
      { kind: 'notReleased', releaseAtMs: null, releaseAt: null, secondsLeft: null },
      403,
      'not-released',
      { releaseAt: null },
    ],
  ] as [LookupOutcome, number, string, object][])('%j is %i %s', async (outcome, status, name, members) => {
    const { app } = makeRig(outcome);
    const response = await app.request(PATH, post('{}'));
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).toEqual({
      type: `urn:fangbang:problem:${name}`,
      title: expect.stringMatching(/\w/) as unknown,
      status,
      requestId: response.headers.get('x-request-id'),
      ...members,
    });
  });

  it('that needs a proof of work gets a challenge as the page solves it', async () => {
    const { app } = makeRig({ kind: 'proofRequired', secondsLeft: 300 });
    const response = await app.request(PATH, post('{}'));
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('300');
    expect(response.headers.get('set-cookie')).toBeNull();
    const { type, challenge } = (await response.json()) as { type: string; challenge: Challenge };
    expect(type).toBe('urn:fangbang:problem:proof-of-work-required');
    expect(solve(challenge)).toMatch(/^[A-Za-z0-9+/=]+$/);
  });

  it('that is found gives the device its cookie, and no other answer does', async () => {
    const found = await makeRig(FOUND).app.request(PATH, post('{}'));
    expect(found.headers.get('set-cookie')).toMatch(/^__Host-fangbang=/);
    const kinds: LookupOutcome[] = [
      { kind: 'absent' },
      { kind: 'limited', secondsLeft: 1 },
      { kind: 'unavailable' },
    ];
    for (const outcome of kinds)
      expect((await makeRig(outcome).app.request(PATH, post('{}'))).headers.get('set-cookie')).toBeNull();
  });

  it('that is limited is told how long', async () => {
    const response = await makeRig({ kind: 'limited', secondsLeft: 77 }).app.request(PATH, post('{}'));
    expect(response.headers.get('retry-after')).toBe('77');
  });

  it.each([
    [1, '1'],
    [0, '1'],
    [90, '90'],
    [999_999, '3600'],
    [null, '600'],
  ])('that comes %j seconds before the release is told to wait %s', async (secondsLeft, header) => {
    const { app } = makeRig({ kind: 'notReleased', releaseAtMs: 1, releaseAt: 'T', secondsLeft });
    expect((await app.request(PATH, post('{}'))).headers.get('retry-after')).toBe(header);
  });

  it('for nobody known has always the same bytes but for 16 digits of the request id', async () => {
    const { app } = makeRig({ kind: 'absent' }, { maxInFlight: 100 });
    const bodies = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const response = await app.request(PATH, post(JSON.stringify({ candidateNumber: String(i) })));
        return await response.text();
      }),
    );
    const ids = new Set(bodies.map((body) => /"requestId":"([0-9a-f]{16})"/.exec(body)?.[1]));
    expect(ids.size).toBe(20);
    expect(new Set(bodies.map((body) => body.replace(/[0-9a-f]{16}/, '')))).toHaveLength(1);
  });

  it('is not kept by anybody, whatever the answer', async () => {
    const answers = await Promise.all([
      makeRig(FOUND).app.request(PATH, post('{}')),
      makeRig({ kind: 'absent' }).app.request(PATH, post('{}')),
      makeRig({ kind: 'unavailable' }).app.request(PATH, post('{}')),
      makeRig(FOUND).app.request(PATH),
      makeRig(FOUND).app.request('/nowhere'),
    ]);
    for (const { headers } of answers) {
      expect(headers.get('cache-control')).toBe('no-store, private');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('a malformed request', () => {
  it.each([
    ['no JSON', '{"candidateNumber":', 400],
    ['a list', '[]', 400],
    ['a word', '"x"', 400],
    ['null', 'null', 400],
    ['nothing', '', 400],
    ['more than 8 KB', JSON.stringify({ candidateNumber: 'x'.repeat(9000) }), 413],
  ])('with %s in its body never reaches the use case', async (_title, body, status) => {
    const { app, asked } = makeRig(FOUND);
    const response = await app.request(PATH, {
      ...post(body, { ...JSON_HEADERS, 'content-length': String(body.length) }),
    });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { type: string }).type).toBe('urn:fangbang:problem:invalid-request');
    expect(asked).toEqual([]);
  });

  it('of more than 8 KB without a stated length is refused, too', async () => {
    const { app, asked } = makeRig(FOUND);
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('x'.repeat(1000))),
    });
    const init = { method: 'POST', headers: JSON_HEADERS, body, duplex: 'half' };
    const response = await app.request(new Request(`http://localhost${PATH}`, init));
    expect(response.status).toBe(413);
    expect(asked).toEqual([]);
  });

  it.each([['text/plain'], ['application/x-www-form-urlencoded'], ['application/jsonx'], ['']])(
    'of type %j is 415',
    async (type) => {
      const { app, asked } = makeRig(FOUND);
      const response = await app.request(PATH, post('{}', type === '' ? {} : { 'content-type': type }));
      expect(response.status).toBe(415);
      expect(asked).toEqual([]);
    },
  );

  it.each([['application/json; charset=utf-8'], ['Application/JSON']])('of type %j is none', async (type) => {
    expect((await makeRig(FOUND).app.request(PATH, post('{}', { 'content-type': type }))).status).toBe(200);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'by %s is 405 and names POST',
    async (method) => {
      const { app, asked } = makeRig(FOUND);
      const response = await app.request(`${PATH}?identityNumber=${CANARY}`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
      expect(await response.text()).not.toContain(CANARY);
      expect(asked).toEqual([]);
    },
  );

  it.each(['/', '/v1', '/v1/series/zj', '/v1/series/zj/lookup/more', '/metrics', '/readyz', '/admin'])(
    'for %s is a 404 problem',
    async (path) => {
      const response = await makeRig(FOUND).app.request(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    },
  );
});

describe('overload', () => {
  it('turns away what is beyond the limit before reading its body, and says when to come again', async () => {
    const waiting: (() => void)[] = [];
    const { app, counts } = makeRig(() => new Promise((resolve) => waiting.push(() => resolve(FOUND))), {
      maxInFlight: 2,
    });
    const ask = async (): Promise<Response> => await app.request(PATH, post('{}'));
    const admitted = [ask(), ask()];
    while (waiting.length < 2) await new Promise(setImmediate);

    let wasRead = false;
    const body = new ReadableStream(
      {
        pull: () => {
          wasRead = true;
        },
      },
      { highWaterMark: 0 },
    );
    const init = { method: 'POST', headers: JSON_HEADERS, body, duplex: 'half' };
    const refused = await app.request(new Request(`http://localhost${PATH}`, init));
    expect(refused.status).toBe(503);
    expect(((await refused.json()) as { type: string }).type).toBe('urn:fangbang:problem:overloaded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(2);
    expect(wasRead).toBe(false);
    expect(counts).toEqual({ shed: 1, mostInFlight: 2 });

    for (const finish of waiting) finish();
    for (const response of await Promise.all(admitted)) expect(response.status).toBe(200);
    waiting.length = 0;
    const next = ask();
    while (waiting.length < 1) await new Promise(setImmediate);
    waiting[0]?.();
    expect((await next).status).toBe(200);
  });

  it('spreads the times to come again', async () => {
    const { app } = makeRig({ kind: 'unavailable' }, { maxInFlight: 100 });
    const waits = await Promise.all(
      Array.from({ length: 60 }, async () =>
        (await app.request(PATH, post('{}'))).headers.get('retry-after'),
      ),
    );
    expect(new Set(waits)).toEqual(new Set(['1', '2', '3', '4']));
  });
});

describe('a fault of the program', () => {
  it('is a 500 with a request id and nothing else, and a log line with the same id and no value', async () => {
    const { app, logged } = makeRig(() => {
      throw new Error(`cannot read ${CANARY}`);
    });
    const response = await app.request(PATH, post(JSON.stringify({ identityNumber: CANARY })));
    expect(response.status).toBe(500);
    const body = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(body).sort()).toEqual(['requestId', 'status', 'title', 'type']);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(String(body['requestId']));
    expect(logged[0]).toContain('http-app.test.ts');
    expect(JSON.stringify(body) + logged.join()).not.toContain(CANARY);
  });
});

describe('the list of series', () => {
  it('has what it takes to draw the form of each', async () => {
    const response = await makeRig(FOUND).app.request('/v1/series');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      series: [
        {
          id: 'cet-2026-06',
          title: {
            zh: '2026年6月全国大学英语四、六级考试成绩',
            en: 'College English Test (CET-4/6), June 2026',
          },
          state: 'scheduled',
          releaseAt: '2026-08-20T09:00:00+08:00',
          credentialSets: [
            {
              name: 'number-and-name',
              credentials: [
                {
                  name: 'candidateNumber',
                  title: { zh: '准考证号', en: 'Candidate number' },
                  pattern: '[0-9]{15}',
                  example: '330010261100101',
                },
                { name: 'name', title: { zh: '姓名', en: 'Name' }, pattern: null, example: '林泽' },
              ],
            },
            {
              name: 'identity-and-name',
              credentials: [
                {
                  name: 'identityNumber',
                  title: { zh: '证件号码', en: 'Identity document number' },
                  pattern: null,
                  example: '11010519491231002X',
                },
                { name: 'name', title: { zh: '姓名', en: 'Name' }, pattern: null, example: '林泽' },
              ],
            },
          ],
        },
      ],
    });
  });
});
