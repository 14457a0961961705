/**
 * `POST /v1/series/{seriesId}/lookup` of the application: for addresses that the server does not read by itself,
 * for traced requests, and for tests.
 */
import type { Context, Hono } from 'hono';
import { responseFromAnswer } from '../http1/answer.ts';
import type { Peer } from '../http1/endpoint.ts';
import { wholeBytes } from '../http1/endpoint.ts';
import type { RequestFacts } from './caller.ts';
import type { LookupCalls } from './lookup-calls.ts';
import { MOST_LOOKUP_BYTES, refuseRequest } from './request-faults.ts';

/** Adds the route to an application. */
export function addLookupRoute(app: Hono, lookups: LookupCalls): void {
  app.all('/v1/series/:id/lookup', async (c) => {
    const facts = factsOf(c);
    const refusal = lookups.refusal({ ...facts, method: c.req.method });
    if (refusal !== undefined) return responseFromAnswer(await refusal);
    const body = await readBody(c.req.raw);
    const answer =
      body === undefined
        ? refuseRequest('too-large')
        : await lookups.answer(c.req.param('id'), wholeBytes(body), facts, peerOf(c));
    return responseFromAnswer(answer);
  });
}

/** What a request of the application says without its body. */
export function factsOf(context: Context): RequestFacts {
  return { header: (name) => context.req.header(name) };
}

/** The connection of a request; undefined when there is none. */
export function peerOf({ env }: Context): Peer | undefined {
  return env !== undefined && 'address' in (env as object) ? (env as Peer) : undefined;
}

/** The body, or undefined when it is too large: no more is read then. */
async function readBody(request: Request): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MOST_LOOKUP_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
