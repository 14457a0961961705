/**
 * Answers of the running service, on both runtimes and with real stores, held against what it says of itself at
 * /openapi.json. Every answer that is described is seen here but the one for a fault of the program, which no
 * request can bring about (tests/unit/openapi-route.test.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeriesDefinition } from '#results/definition.ts';
import { MARK_BASE, type Slip } from '#results/slip.ts';
import { MOST_LOOKUP_BYTES } from '../../service/http/request-faults.ts';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  announceSeries,
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
  withdrawSeries,
} from '../helpers/batch.ts';
import { connectTo, request } from '../helpers/http1-client.ts';
import { fetchOpenApi, makeContract, type Contract } from '../helpers/openapi.ts';
import { EASY_PROOFS, challengeOf, encodeProof, solve } from '../helpers/proof-of-work.ts';
import type { Answer, RunningService } from '../helpers/service.ts';
import { RUNTIMES, lookupAt, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const LOOKUP = 'POST /v1/series/{seriesId}/lookup';
const LIST = 'GET /v1/series';
const DOCUMENT = 'GET /openapi.json';

const PRESETS = {
  'zj-gaokao-2026': presetDefinition('gaokao', 'zj-gaokao-2026'),
  'zj-xuekao-2026-01': presetDefinition('xuekao', 'zj-xuekao-2026-01'),
  'cet-2026-06': presetDefinition('cet', 'cet-2026-06'),
  'ntce-interview-2026-1': presetDefinition('ntce-interview', 'ntce-interview-2026-1'),
} as const;
const gaokao = PRESETS['zj-gaokao-2026'];
const LATER = presetDefinition('gaokao', 'later-gaokao-2026');
const UNPLANNED = presetDefinition('gaokao', 'unplanned-gaokao-2026');
const WITHDRAWN = presetDefinition('gaokao', 'withdrawn-gaokao-2026');

/** Slips of many kinds: as they are, absent as a whole, withheld, statuses in the place of marks, every flag. */
function variedCandidates(definition: SeriesDefinition): TestCandidate[] {
  const none = definition.components.map(() => 0);
  const changes: readonly ((slip: Slip) => Partial<Slip>)[] = [
    () => ({}),
    ({ marks }) => ({ status: 'absent', marks: marks.map((mark) => (mark === 0 ? 0 : 1)), total: undefined }),
    () => ({ status: 'withheld', marks: none, total: undefined, rank: undefined }),
    () => ({ status: 'failed', marks: none, total: undefined, rank: undefined }),
    ({ marks }) => ({ marks: marks.map((mark, i) => (i < 4 ? i + 1 : mark)) }),
    () => ({ flags: 2 ** definition.flags.length - 1 }),
    ({ marks }) => ({ marks: marks.map((_, i) => (i === 0 ? MARK_BASE : 0)) }),
  ];
  return gaokaoCandidates(definition, changes.length).map((candidate, i) => ({
    credentials: numbersOf(definition, candidate, i),
    slip: {
      ...candidate.slip,
      candidateNumber: numbersOf(definition, candidate, i)['candidateNumber'] ?? '',
      // Only a definition with a total or a rank stores one.
      ...(definition.total === undefined ? { total: undefined } : {}),
      ...(definition.rank === undefined ? { rank: undefined } : {}),
      ...changes[i]?.(candidate.slip),
    },
  }));
}

const many = Array.from({ length: 200 }, (_, i) => `x-${i}: 1`);

/** What the server itself refuses, whatever the address: status, fault, and what is sent. */
const SERVER_REFUSALS: readonly (readonly [number, string, (line: string) => string])[] = [
  [400, 'not-http', (line) => request(line, ['Content-Length: 1', 'Content-Length: 1'])],
  [408, 'too-slow', (line) => request(line).slice(0, -2)],
  [413, 'too-large', (line) => request(line, ['Content-Type: application/json', 'Content-Length: 1000000'])],
  [417, 'unknown-expectation', (line) => request(line, ['Expect: 200-ok'])],
  [431, 'headers-too-large', (line) => request(line, many)],
  [501, 'unknown-transfer-coding', (line) => request(line, ['Transfer-Encoding: gzip'])],
  [505, 'unknown-version', (line) => request(line).replace('HTTP/1.1', 'HTTP/2.0')],
];

/** With a candidate number of the definition's own form. */
function numbersOf(
  definition: SeriesDefinition,
  { credentials }: TestCandidate,
  i: number,
): Record<string, string> {
  const example = definition.credentials['candidateNumber']?.example ?? '';
  return { ...credentials, candidateNumber: `${example.slice(0, -1)}${i}` };
}

/** Fields by each set of a definition. */
const bodiesOf = (definition: SeriesDefinition, { credentials }: TestCandidate): Record<string, string>[] =>
  definition.credentialSets.map((set) =>
    Object.fromEntries(set.credentials.map((name) => [name, credentials[name] ?? ''])),
  );

describe.each(RUNTIMES)('the answers of the service on %s', (runtime) => {
  let installation: Installation;
  let redisUrl: string;
  let service: RunningService;
  let contract: Contract;
  /** What was counted stays: who guesses again takes another number. */
  let tries = 0;
  const candidates = new Map(
    Object.values(PRESETS).map((definition) => [definition.id, variedCandidates(definition)]),
  );
  const gaokaoCandidate = (i: number): TestCandidate => {
    const found = candidates.get(gaokao.id)?.[i];
    if (found === undefined) throw new Error(`no candidate ${i}`);
    return found;
  };

  const start = (env: Record<string, string> = {}): Promise<RunningService> =>
    startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl,
      pepperFile: installation.pepperFile,
      env: { ...EASY_PROOFS, ...env },
    });

  /** The name of its problem, or its status; after it has been held against the description. */
  const judged = (answer: Answer, operation = LOOKUP): string => {
    expect(contract.faultsOf(operation, answer), answer.text).toEqual([]);
    return String(answer.json['type'] ?? answer.status).replace('urn:fangbang:problem:', '');
  };
  const send = async (path: string, init: RequestInit, at = service): Promise<Answer> => {
    const response = await fetch(`${at.url}${path}`, init);
    const text = await response.text();
    const { status, headers } = response;
    const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status, headers, text, json, retryAfterSeconds: undefined };
  };
  const sendLookup = (init: RequestInit): Promise<Answer> => send(`/v1/series/${gaokao.id}/lookup`, init);
  const JSON_TYPE = { 'content-type': 'application/json' };

  beforeAll(async () => {
    redisUrl = (await redisDatabase()).url;
    installation = await makeInstallation(redisUrl);
    for (const definition of Object.values(PRESETS))
      await openBatch(installation, definition, candidates.get(definition.id) ?? []);
    await announceSeries(installation, LATER, new Date('2099-01-01T00:00:00Z'));
    await announceSeries(installation, UNPLANNED, null);
    await openBatch(installation, WITHDRAWN, gaokaoCandidates(WITHDRAWN, 2));
    await withdrawSeries(installation, WITHDRAWN.id);
    service = await start();
    contract = makeContract(await fetchOpenApi(service.url));
  });
  afterAll(async () => {
    await service?.stop();
    await installation?.database.drop();
  });

  it('are found slips of all four presets, by each of their credential sets', async () => {
    for (const definition of Object.values(PRESETS)) {
      for (const candidate of candidates.get(definition.id) ?? []) {
        for (const body of bodiesOf(definition, candidate)) {
          const answer = await service.lookup(definition.id, body);
          expect(judged(answer), answer.text).toBe('200');
          expect(answer.json).toMatchObject({
            candidate: { number: candidate.slip.candidateNumber },
            status: { code: candidate.slip.status },
          });
        }
      }
    }
  });

  it('are the list of series, in each of their states', async () => {
    const list = async (): Promise<Answer> => await send('/v1/series', {});
    expect(judged(await list(), LIST)).toBe('200');
    const { series } = (await list()).json as { series: { id: string; state: string }[] };
    expect(new Set(series.map(({ state }) => state))).toEqual(new Set(['open', 'scheduled', 'withdrawn']));
    expect(series).toHaveLength(7);
  });

  it('are the description itself, and nothing for who has it', async () => {
    const first = await send('/openapi.json', {});
    expect(judged(first, DOCUMENT)).toBe('200');
    const etag = first.headers.get('etag') ?? '';
    const again = await send('/openapi.json', { headers: { 'if-none-match': etag } });
    expect(judged(again, DOCUMENT)).toBe('304');
  });

  it('are problems for a series that is unknown, to come, unplanned or withdrawn', async () => {
    const fields = fieldsOf(gaokao, gaokaoCandidate(0));
    expect(judged(await service.lookup('nowhere', fields))).toBe('series-not-found');
    for (const { id } of [LATER, UNPLANNED, WITHDRAWN])
      expect(judged(await service.lookup(id, fields))).toBe('not-released');
  });

  it.each([
    ['no JSON', '{', 'not-a-json-object'],
    ['a list', '[]', 'not-a-json-object'],
    ['no field', '{}', 'no-such-set'],
    ['a strange field', '{"pin":"1"}', 'no-such-set'],
    ['a number', '{"candidateNumber":1,"identityNumber":"1"}', 'not-text'],
    ['a short number', '{"candidateNumber":"1","identityNumber":"1"}', 'pattern-mismatch'],
    ['a long text', JSON.stringify({ candidateNumber: '1'.repeat(500), identityNumber: '1' }), 'too-long'],
  ])('are a problem for a body with %s', async (_title, body, fault) => {
    const answer = await sendLookup({ method: 'POST', headers: JSON_TYPE, body });
    expect(judged(answer)).toBe('invalid-request');
    expect(answer.json).toMatchObject({ status: 400, fault });
  });

  it('are problems for another method, another type, and a byte too much', async () => {
    const wrongMethod = await sendLookup({ method: 'PUT' });
    const wrongType = await sendLookup({
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{}',
    });
    const padded = (bytes: number): Promise<Answer> =>
      sendLookup({ method: 'POST', headers: JSON_TYPE, body: `{}${' '.repeat(bytes - 2)}` });
    expect([judged(wrongMethod), wrongMethod.status]).toEqual(['invalid-request', 405]);
    expect([judged(wrongType), wrongType.status]).toEqual(['invalid-request', 415]);
    const [fits, tooLarge] = [await padded(MOST_LOOKUP_BYTES), await padded(MOST_LOOKUP_BYTES + 1)];
    expect([judged(fits), fits.status]).toEqual(['invalid-request', 400]);
    expect([judged(tooLarge), tooLarge.status]).toEqual(['invalid-request', 413]);
  });

  it.each(SERVER_REFUSALS)(
    'are at every address problems of the server itself: %i, %s',
    async (status, fault, sent) => {
      const { paths } = await fetchOpenApi(service.url);
      const operations = Object.entries(paths).flatMap(([path, item]) =>
        ['get', 'post']
          .filter((method) => item[method] !== undefined)
          .map((method) => `${method.toUpperCase()} ${path}`),
      );
      const ask = async (operation: string): Promise<void> => {
        const client = await connectTo(Number(new URL(service.url).port));
        client.send(sent(operation.replace('{seriesId}', gaokao.id)));
        const { headers, body, ...answer } = await client.answer();
        expect(await client.over).toBe('ended');
        client.destroy();
        expect(answer.status).toBe(status);
        const text = body.toString();
        const json = JSON.parse(text) as Record<string, unknown>;
        expect(json).toMatchObject({ status, fault });
        const seen = { status, headers: new Headers(headers), text, json, retryAfterSeconds: undefined };
        expect(judged(seen, operation)).toBe('invalid-request');
      };
      await Promise.all(operations.map(ask));
    },
  );

  it('are problems for guesses, at last with a proof of work as it is described', async () => {
    tries += 1;
    const own = {
      ...fieldsOf(gaokao, gaokaoCandidate(0)),
      candidateNumber: String(26_330_199_000_000 + tries),
    };
    const seen = new Set<string>();
    for (let i = 1; i <= 6; i += 1) {
      const fields = { ...own, identityNumber: gaokaoCandidate(i).credentials['identityNumber'] };
      const answer = await service.lookup(gaokao.id, fields);
      const name = judged(answer);
      seen.add(name);
      if (name !== 'proof-of-work-required') continue;
      const proof = solve(challengeOf(answer));
      expect(Object.keys(JSON.parse(Buffer.from(proof, 'base64').toString()) as object).toSorted()).toEqual(
        Object.keys(
          (await fetchOpenApi(service.url)).components.schemas['ProofSolution']?.['properties'] ?? {},
        ).toSorted(),
      );
      seen.add(judged(await lookupAt(service.url, gaokao.id, fields, { 'fangbang-proof': proof })));
    }
    expect(seen).toEqual(new Set(['candidate-not-found', 'proof-of-work-required', 'too-many-attempts']));
    // What is no proof is as if it were not there.
    const bad = { 'fangbang-proof': encodeProof({ number: 1 }) };
    expect(judged(await lookupAt(service.url, gaokao.id, own, bad))).toBe('too-many-attempts');
  });

  it('are problems when there is no place, and while nothing has been read', async () => {
    const narrow = await start({ MAX_IN_FLIGHT: '1' });
    try {
      const fields = fieldsOf(gaokao, gaokaoCandidate(3));
      await until('some are turned away', async () => {
        const answers = await Promise.all(Array.from({ length: 40 }, () => narrow.lookup(gaokao.id, fields)));
        return answers.map((answer) => judged(answer)).includes('overloaded');
      });
    } finally {
      await narrow.stop();
    }
    const nowhere = await startService({
      runtime,
      databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
      redisUrl,
      pepperFile: installation.pepperFile,
      until: 'listening',
    });
    try {
      expect(judged(await nowhere.lookup(gaokao.id, {}))).toBe('temporarily-unavailable');
      expect(judged(await send('/v1/series', {}, nowhere), LIST)).toBe('temporarily-unavailable');
    } finally {
      await nowhere.stop();
    }
  });

  it('are all of those that are described', () => {
    const described = contract.described(LOOKUP, LIST, DOCUMENT);
    const unseen = described.filter((one) => !contract.seen.has(one));
    expect(unseen).toEqual([`${LOOKUP} 500 internal-error`, `${LIST} 500 internal-error`]);
  });
});
