/**
 * The port of the operators: `/livez`, `/readyz`, `/metrics`. Never reachable from outside.
 */
import { Hono } from 'hono';

export interface Readiness {
  /** Whether lookups may come. */
  readonly isReady: boolean;
  /** What there is to say of it, such as why not; may be empty. */
  readonly words: string;
}

export interface AdminDeps {
  readonly readiness: () => Readiness | Promise<Readiness>;
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
}

export function createAdminApp(deps: AdminDeps): Hono {
  const app = new Hono();
  // A process that answers is alive; a store that is away is no reason to restart it.
  app.get('/livez', (c) => c.text('alive\n'));
  app.get('/readyz', async (c) => {
    const { isReady, words } = await deps.readiness();
    const text = `${isReady ? 'ready' : 'not ready'}${words === '' ? '' : `: ${words}`}\n`;
    return c.text(text, isReady ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const { contentType, text } = await deps.metrics();
    return c.body(text, 200, { 'content-type': contentType });
  });
  app.notFound((c) => c.text('not found\n', 404));
  return app;
}
