/** The template of a path, from the routes of the application, so that a span never holds what somebody typed. */

/** The known methods of HTTP (OpenTelemetry's conventions): others are anybody's text. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

export function knownMethod(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}

export type RouteTemplateOf = (pathname: string) => string | undefined;

/** @param paths as Hono has them, such as `/s/:id`; undefined is the template of a path that none is for. */
export function makeRouteTemplateOf(paths: readonly string[]): RouteTemplateOf {
  const plain = new Set<string>();
  const patterns: { readonly pattern: RegExp; readonly template: string }[] = [];
  for (const path of new Set(paths)) {
    if (path.includes('*')) continue;
    if (!path.includes(':')) {
      plain.add(path);
      continue;
    }
    const parts = path.split('/');
    patterns.push({
      template: parts.map((part) => (part.startsWith(':') ? `{${part.slice(1)}}` : part)).join('/'),
      pattern: new RegExp(
        `^${parts.map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.'))).join('/')}$`,
      ),
    });
  }
  return (pathname) =>
    plain.has(pathname) ? pathname : patterns.find(({ pattern }) => pattern.test(pathname))?.template;
}
