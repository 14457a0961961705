/**
 * Node answering the same document always: what the runtime costs by itself.
 * Environment: PORT, DOCUMENT_FILE.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const document = readFileSync(process.env.DOCUMENT_FILE);
const headers = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store, private',
  'content-length': document.length,
};

createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, headers);
  response.end(document);
}).listen(Number(process.env.PORT), '127.0.0.1');
