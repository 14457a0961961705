/**
 * `POST /v1/series/{seriesId}/lookup`: JSON only, at most 8 KB, credentials in the body alone.
 */
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Admission } from './admission.ts';
import type { CallerOf } from './caller.ts';
import type { AnswerLookup } from './lookup-answer.ts';
import { overloaded } from './lookup-answer.ts';
import { problemResponse } from './problems.ts';

const MOST_BODY_BYTES = 8 * 1024;

export interface LookupRouteDeps {
  readonly answerLookup: AnswerLookup;
  readonly admission: Admission;
  readonly callerOf: CallerOf;
}

/** Adds the route to an application. */
export function addLookupRoute(app: Hono, deps: LookupRouteDeps): void {
  const { answerLookup, admission, callerOf } = deps;
  app.all(
    '/v1/series/:id/lookup',
    (c, next) => {
      // Credentials never travel in a URL: whatever GET brings along is not even looked at.
      if (c.req.method !== 'POST') return Promise.resolve(wrongMethod());
      if (!isJson(c.req.header('content-type'))) return Promise.resolve(invalid(415, 'not-json'));
      if (admission.isFull) return Promise.resolve(overloaded(admission));
      return next();
    },
    bodyLimit({ maxSize: MOST_BODY_BYTES, onError: () => invalid(413, 'too-large') }),
    async (c) => {
      const fields = parseFields(await readText(c));
      if (fields === undefined) return invalid(400, 'not-a-json-object');
      return answerLookup(c.req.param('id'), fields, callerOf(c));
    },
  );
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json\s*(?:;|$)/i.test(contentType);
}

/** The body, or undefined when the other side broke off. */
async function readText(c: Context): Promise<string | undefined> {
  try {
    return await c.req.raw.text();
  } catch {
    return undefined;
  }
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

function invalid(status: number, fault: string): Response {
  return problemResponse('invalid-request', { status, members: { fault } });
}

function wrongMethod(): Response {
  return problemResponse('invalid-request', {
    status: 405,
    members: { fault: 'wrong-method' },
    headers: { allow: 'POST' },
  });
}
