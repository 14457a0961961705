/**
 * `POST /v1/series/{seriesId}/lookup`: JSON only, at most 8 KB, credentials in the body alone.
 */
import type { Hono } from 'hono';
import type { Admission } from './admission.ts';
import type { CallerOf } from './caller.ts';
import type { AnswerLookup } from './lookup-answer.ts';
import { overloaded } from './lookup-answer.ts';
import { MOST_LOOKUP_BYTES, refuseRequest } from './request-faults.ts';

export interface LookupRouteDeps {
  readonly answerLookup: AnswerLookup;
  readonly admission: Admission;
  readonly callerOf: CallerOf;
}

/** Adds the route to an application: one handler, since with a second one Hono makes a chain of promises. */
export function addLookupRoute(app: Hono, deps: LookupRouteDeps): void {
  const { answerLookup, admission, callerOf } = deps;
  app.all('/v1/series/:id/lookup', async (c) => {
    // Credentials never travel in a URL: whatever GET brings along is not even looked at.
    if (c.req.method !== 'POST') return refuseRequest('wrong-method', { allow: 'POST' });
    if (!isJson(c.req.header('content-type'))) return refuseRequest('not-json');
    if (admission.isFull) return overloaded(admission);
    const text = await readText(c.req.raw);
    if (text === null) return refuseRequest('too-large');
    const fields = parseFields(text);
    if (fields === undefined) return refuseRequest('not-a-json-object');
    return answerLookup(c.req.param('id'), fields, callerOf(c));
  });
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json\s*(?:;|$)/i.test(contentType);
}

/**
 * The body, null when it is too large, undefined when the other side broke off. Not by Hono's body
 * limit: it makes a stream of every body, where the runtime has the text at hand.
 */
async function readText(request: Request): Promise<string | null | undefined> {
  try {
    const length = request.headers.get('content-length');
    // A length beside chunks is the sender's word alone.
    if (length === null || request.headers.has('transfer-encoding')) return await readChunks(request);
    return Number(length) > MOST_LOOKUP_BYTES ? null : await request.text();
  } catch {
    return undefined;
  }
}

async function readChunks(request: Request): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MOST_LOOKUP_BYTES) return null;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function parseFields(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // The error quotes the text: it goes nowhere.
    return undefined;
  }
}
