/**
 * The port of the operators: `/livez`, `/readyz`, `/metrics`. Never reachable from outside.
 */
import { Hono } from 'hono';

export interface AdminDeps {
  /** undefined when lookups may come; else why not. */
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
}

export function createAdminApp(deps: AdminDeps): Hono {
  const app = new Hono();
  // A process that answers is alive; a store that is away is no reason to restart it.
  app.get('/livez', (c) => c.text('alive\n'));
  app.get('/readyz', (c) => {
    const reason = deps.notReady();
    return reason === undefined ? c.text('ready\n') : c.text(`not ready: ${reason}\n`, 503);
  });
  app.get('/metrics', async (c) => {
    const { contentType, text } = await deps.metrics();
    return c.body(text, 200, { 'content-type': contentType });
  });
  app.notFound((c) => c.text('not found\n', 404));
  return app;
}
