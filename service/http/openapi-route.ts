/**
 * `GET /openapi.json`: the description of the API, made once and the same for everybody.
 */
import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import { API_HEADERS } from './headers.ts';
import type { OpenApiDocument } from './openapi/document.ts';

/** Seconds. It changes with a new version of the service, and says itself of which it is. */
const KEPT_FOR = 300;

/** Adds the route to an application. */
export function addOpenApiRoute(app: Hono, document: OpenApiDocument): void {
  const body = Buffer.from(JSON.stringify(document));
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = { ...API_HEADERS, 'cache-control': `public, max-age=${KEPT_FOR}`, etag };
  app.get('/openapi.json', (c) =>
    isAtHand(c.req.header('if-none-match'), etag)
      ? new Response(null, { status: 304, headers })
      : new Response(body, {
          headers: {
            ...headers,
            'content-type': 'application/json; charset=utf-8',
            'content-length': String(body.length),
          },
        }),
  );
}

/** By the weak comparison of RFC 9110 section 13.1.2: a proxy that compresses makes the tag a weak one. */
function isAtHand(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const tag = part.trim();
    return tag === '*' || tag.replace(/^W\//, '') === etag;
  });
}
