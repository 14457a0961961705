// Sabotage: an instance that does not hear the epoch that comes along with a slip. Loaded before the service.
const { RedisReader } = await import('../../../service/lookup/redis-reader.ts');
const { read } = RedisReader.prototype;

RedisReader.prototype.read = async function readWithoutEpoch(...args) {
  return { ...(await read.apply(this, args)), epoch: undefined };
};
