// Sabotage: what Redis has lost is not written back. Loaded before the service.
const { RedisWriter } = await import('../../../service/lookup/redis-writer.ts');
RedisWriter.prototype.heal = () => {};
