import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileAnswer } from '#results/answer.ts';
import { PRESET_NAMES } from '#results/presets.ts';
import { describeApi } from '../../service/http/openapi/document.ts';
import { makeMethodsAt } from '../../service/http/openapi/methods.ts';
import { PROBLEMS, problemType } from '../../service/http/problems.ts';
import { MOST_LOOKUP_BYTES } from '../../service/http/request-faults.ts';
import { anyDefinition, anySlip, preset, storedSlip } from '../helpers/definitions.ts';
import { makeContract, type OpenApi } from '../helpers/openapi.ts';

const document = describeApi();
const openApi = document as unknown as OpenApi;
const LOOKUP = 'POST /v1/series/{seriesId}/lookup';

/** An answer of the API with what every one of them has. */
const answer = (status: number, body: unknown, more: Record<string, string> = {}) => ({
  status,
  headers: new Headers({
    'content-type': status === 200 ? 'application/json; charset=utf-8' : 'application/problem+json',
    'cache-control': 'no-store, private',
    'x-request-id': '0123456789abcdef',
    ...more,
  }),
  text: JSON.stringify(body),
});

describe('the description', () => {
  it('is OpenAPI 3.1 by its official schema', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone({ ...document }));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('says which problem comes with which status, as the catalogue does', () => {
    const described = new Set(
      [LOOKUP, 'GET /v1/series'].flatMap((operation) => makeContract(openApi).described(operation)),
    );
    for (const [name, { status }] of Object.entries(PROBLEMS)) {
      // The one problem of addresses that are not described.
      if (name === 'not-found') continue;
      expect([...described].some((one) => one.endsWith(` ${status} ${name}`))).toBe(true);
    }
    const types = Object.values(openApi.components.schemas).map(
      (schema) => (schema['properties'] as { type?: { const?: string } } | undefined)?.type?.const,
    );
    expect(types.filter((type) => type !== undefined).toSorted()).toEqual(
      (Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]).map(problemType).toSorted(),
    );
  });

  it('has an example of every credential set of the presets', () => {
    const lookup = document.paths['/v1/series/{seriesId}/lookup']?.['post'] as {
      requestBody: { content: Record<string, { examples: Record<string, { value: object }> }> };
    };
    const json = lookup.requestBody.content['application/json'];
    const examples = Object.values(json?.examples ?? {}).map(({ value }) => value);
    expect(examples).toEqual(
      PRESET_NAMES.map(preset).flatMap(({ credentials, credentialSets }) =>
        credentialSets.map((set) =>
          Object.fromEntries(set.credentials.map((name) => [name, credentials[name]?.example])),
        ),
      ),
    );
  });

  it('names the limit of a body', () => {
    expect(JSON.stringify(document.paths['/v1/series/{seriesId}/lookup'])).toContain(
      `at most ${MOST_LOOKUP_BYTES} bytes`,
    );
  });

  it('knows the methods of every address, and of no other', () => {
    const methodsAt = makeMethodsAt(document);
    expect(methodsAt('/v1/series')).toEqual(['GET', 'HEAD']);
    expect(methodsAt('/v1/series/zj-gaokao-2026/lookup')).toEqual(['POST']);
    expect(methodsAt('/s/zj-gaokao-2026')).toEqual(['GET', 'HEAD', 'POST']);
    expect(methodsAt('/openapi.json')).toEqual(['GET', 'HEAD']);
    for (const path of ['/openapixjson', '/s/', '/s/a/b', '/v1/series/', '/v1/series/a/b/lookup', ''])
      expect(methodsAt(path)).toBeUndefined();
  });
});

describe('an answer by the template', () => {
  const publication = { number: 2, opensAtMs: 1_782_349_200_000, corrected: true, rehearsal: true };
  const slips = anyDefinition.chain((definition) =>
    anySlip(definition).map((slip) => ({
      template: compileAnswer(definition, publication),
      // No file has an empty number or name, nor a rank 0.
      slip: storedSlip(definition, {
        ...slip,
        candidateNumber: `1${slip.candidateNumber}`,
        name: `林${slip.name}`,
        rank: slip.rank === 0 ? 1 : slip.rank,
      }),
    })),
  );

  it('is as the description says, whatever the definition and the slip', () => {
    const contract = makeContract(openApi);
    fc.assert(
      fc.property(slips, ({ template, slip }) => {
        const body: unknown = JSON.parse(template(slip).toString());
        expect(contract.faultsOf(LOOKUP, answer(200, body))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('is not so with a member more, a member less, or another kind of value', () => {
    const contract = makeContract(openApi);
    fc.assert(
      fc.property(slips, ({ template, slip }) => {
        const body = JSON.parse(template(slip).toString()) as Record<string, object>;
        const { status: _left, ...less } = body;
        for (const wrong of [
          { ...body, extra: 1 },
          less,
          { ...body, rank: '1' },
          { ...body, batch: { ...body['batch'], publishedAt: '2026-06-25 09:00' } },
          { ...body, status: { ...body['status'], code: 'lost' } },
        ])
          expect(contract.faultsOf(LOOKUP, answer(200, wrong))).toHaveLength(1);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the contract of the tests', () => {
  const absent = {
    type: problemType('candidate-not-found'),
    title: 'none',
    status: 404,
    requestId: '0123456789abcdef',
  };
  const faultsOf = (one: ReturnType<typeof answer>): string[] => makeContract(openApi).faultsOf(LOOKUP, one);

  it.each([
    ['a right one', answer(404, absent), 0],
    ['a status that is not described', answer(418, absent), 1],
    ['the status of another problem', answer(404, { ...absent, status: 400 }), 1],
    ['a problem of another status', answer(404, { ...absent, type: problemType('overloaded') }), 1],
    ['a header with another value', answer(404, absent, { 'cache-control': 'public' }), 1],
    ['another type', answer(404, absent, { 'content-type': 'text/html' }), 1],
    [
      'a missing Retry-After',
      answer(403, { ...absent, type: problemType('not-released'), status: 403, releaseAt: null }),
      1,
    ],
    [
      'a Retry-After that is no number',
      answer(
        403,
        { ...absent, type: problemType('not-released'), status: 403, releaseAt: null },
        { 'retry-after': 'soon' },
      ),
      1,
    ],
  ])('sees %s', (_title, one, faults) => {
    expect(faultsOf(one)).toHaveLength(faults);
  });
});
