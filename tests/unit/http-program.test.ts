/**
 * What the server is told to ask: lookups at once, everything else through the application.
 */
import { describe, expect, it } from 'vitest';
import type { LogFields } from '../../service/lookup/observer.ts';
import type { Fetch } from '../../service/http/program.ts';
import { createProgram } from '../../service/http/program.ts';
import { seriesIdOf } from '../../service/http/lookup-endpoint.ts';
import type { Answer } from '../../service/http1/answer.ts';
import { makeAnswerKind, wholeBody } from '../../service/http1/answer.ts';
import type { Endpoint } from '../../service/http1/endpoint.ts';
import { wholeBytes } from '../../service/http1/endpoint.ts';
import { RequestHead, parseRequestHead } from '../../service/http1/request-head.ts';

const AT_ONCE: Answer = { kind: makeAnswerKind(200, {}), changing: {}, body: 'at once' };
const lookups: Endpoint = { mostBodyBytes: 10, refusal: () => undefined, answer: () => AT_ONCE };
const said: { message: string; fields: LogFields }[] = [];
const note = (message: string, fields: LogFields = {}): void => void said.push({ message, fields });
const log = { debug: note, info: note, warn: note, error: note };

async function ask(line: string, fetch: Fetch, body = ''): Promise<Answer> {
  const text = `${line} HTTP/1.1\r\nHost: a\r\nX-Sent: 1`;
  const head = parseRequestHead(Buffer.from(text), text.length);
  if (!(head instanceof RequestHead)) throw new Error('no request');
  const endpoint = createProgram({ fetch, log, lookups }).endpointOf(head);
  return await endpoint.answer(head, wholeBytes(Buffer.from(body)), { address: () => '192.0.2.1' });
}

const echo: Fetch = async (request) =>
  Response.json(
    {
      method: request.method,
      path: new URL(request.url).pathname,
      sent: request.headers.get('x-sent'),
      body: await request.text(),
    },
    { status: 201, headers: { 'x-own': 'ü' } },
  );
const textOf = ({ body }: Answer): string => Buffer.from(wholeBody(body)).toString();

describe('the program', () => {
  it.each([
    ['/v1/series/zj-gaokao-2026/lookup', 'zj-gaokao-2026'],
    ['/v1/series/a.b_c~d/lookup', 'a.b_c~d'],
    ['/v1/series/zj%2Dgaokao/lookup', undefined],
    ['/v1/series//lookup', undefined],
    ['/v1/series/lookup', undefined],
    ['/v1/series/a/b/lookup', undefined],
    ['/v1/series/a/lookup?x=1', undefined],
    ['/v1/series/a/lookups', undefined],
    ['/V1/series/a/lookup', undefined],
  ])('of the address %s reads the series %s', async (target, id) => {
    expect(seriesIdOf(target)).toBe(id);
    const body = textOf(await ask(`POST ${target}`, echo));
    if (id === undefined) expect(JSON.parse(body)).toMatchObject({ method: 'POST' });
    else expect(body).toBe('at once');
  });

  it('gives the application the request as it came, and passes its answer on', async () => {
    const answer = await ask('PUT /s/a?b=1', echo, '成绩');
    expect(JSON.parse(textOf(answer))).toEqual({ method: 'PUT', path: '/s/a', sent: '1', body: '成绩' });
    expect(answer.kind.status).toBe(201);
    // A character of a header is a byte, so that lengths are right.
    expect(answer.kind.lines.toString('latin1')).toContain('x-own: ?\r\n');
  });

  it.each(['FOO', 'CONNECT', 'TRACE', 'TRACK'])(
    'asks for the unknown method %s under one that nobody answers',
    async (method) => {
      expect(JSON.parse(textOf(await ask(`${method} /`, echo)))).toMatchObject({ method: 'PATCH' });
    },
  );

  it.each([
    ['rejects', () => Promise.reject(new Error('with a secret'))],
    [
      'throws',
      () => {
        throw new Error('with a secret');
      },
    ],
  ] as const)(
    'answers 500 for an application that %s, with the id of a line in the log',
    async (_title, fetch) => {
      said.length = 0;
      const answer = await ask('GET /', fetch);
      expect(answer.kind.status).toBe(500);
      const { requestId } = JSON.parse(textOf(answer)) as { requestId: string };
      expect(said).toEqual([{ message: expect.any(String), fields: expect.objectContaining({ requestId }) }]);
      expect(JSON.stringify(said)).not.toContain('secret');
    },
  );
});
