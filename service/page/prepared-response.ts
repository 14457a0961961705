/**
 * A prepared page as a response: in an encoding that the browser takes, or as "you have it already".
 */
import type { Context } from 'hono';
import type { PreparedPage } from './prepared-pages.ts';

/** Short, so that a new state is seen soon; a page that is older corrects itself by its script. */
const CACHE_CONTROL = 'public, max-age=5';

/**
 * @param headers of every page of ours.
 * @param nowMs by the database's clock: how the script learns the service's time without a second request.
 */
export function respondPrepared(
  c: Context,
  page: PreparedPage,
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): Response {
  const all: Record<string, string> = {
    ...headers,
    'cache-control': CACHE_CONTROL,
    vary: 'Accept-Encoding, Accept-Language',
    etag: page.etag,
  };
  if (!Number.isNaN(nowMs)) all['server-timing'] = `now;dur=${Math.round(nowMs)}`;
  if (page.status === 200 && c.req.header('if-none-match') === page.etag)
    return new Response(null, { status: 304, headers: all });
  const accepted = c.req.header('accept-encoding') ?? '';
  const encoding = accepts(accepted, 'br') ? 'br' : accepts(accepted, 'gzip') ? 'gzip' : undefined;
  const body = encoding === 'br' ? page.brotli : encoding === 'gzip' ? page.gzip : page.plain;
  if (encoding !== undefined) all['content-encoding'] = encoding;
  all['content-length'] = String(body.length);
  return new Response(body, { status: page.status, headers: all });
}

/** Whether the header takes an encoding; browsers send no other quality than q=0, if any. */
export function accepts(header: string, encoding: string): boolean {
  return header.split(',').some((part) => {
    const [name = '', quality = ''] = part.split(';');
    return name.trim().toLowerCase() === encoding && !/^\s*q=0(?:\.0*)?\s*$/.test(quality);
  });
}
