/**
 * Express + ioredis as a service of the usual make, Express with its defaults: HMAC, one GET, the stored
 * document.
 * Environment: PORT, REDIS_URL, FANGBANG_PEPPER_FILE.
 */
import express from 'express';
import { Redis } from 'ioredis';
import { documentKeys } from './document-key.mjs';

const keysOf = documentKeys(process.env.FANGBANG_PEPPER_FILE);
const redis = new Redis(process.env.REDIS_URL);
const app = express();
app.use(express.json());

// Express 5 passes a rejection on by itself.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/v1/series/:id/lookup', async (request, response) => {
  const { candidateNumber, identityNumber } = request.body;
  const document = await redis.getBuffer(keysOf(request.params.id, candidateNumber, identityNumber).binary);
  if (document === null) {
    response.status(404).json({ status: 404 });
    return;
  }
  response.set({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, private' });
  response.send(document);
});

app.listen(Number(process.env.PORT), '127.0.0.1');
