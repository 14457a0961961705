/**
 * Bun answering the same document always: what the runtime costs by itself.
 * Environment: PORT, DOCUMENT_FILE.
 */
import { readFileSync } from 'node:fs';

const document = readFileSync(process.env.DOCUMENT_FILE, 'utf8');
const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, private' };

globalThis.Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT),
  fetch: () => new Response(document, { headers }),
});
