/**
 * Fastify + ioredis as a service of the usual make, Fastify with its defaults: HMAC, one GET, the stored
 * document.
 * Environment: PORT, REDIS_URL, FANGBANG_PEPPER_FILE.
 */
import fastify from 'fastify';
import { Redis } from 'ioredis';
import { documentKeys } from './document-key.mjs';

const keysOf = documentKeys(process.env.FANGBANG_PEPPER_FILE);
const redis = new Redis(process.env.REDIS_URL);
const app = fastify();

app.post('/v1/series/:id/lookup', async (request, reply) => {
  const { candidateNumber, identityNumber } = request.body;
  const document = await redis.getBuffer(keysOf(request.params.id, candidateNumber, identityNumber).binary);
  if (document === null) return await reply.code(404).send({ status: 404 });
  return await reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store, private')
    .send(document);
});

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
