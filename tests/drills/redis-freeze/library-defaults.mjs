// Sabotage: the clients of Redis with the library's defaults, by which nothing is given up. Loaded before the service.
import { createRequire } from 'node:module';
import './tell-queues.mjs';

const require = createRequire(import.meta.url);
const { Redis } = require('ioredis');
const { DEFAULT_REDIS_OPTIONS } = require('ioredis/built/redis/RedisOptions.js');

const { parseOptions } = Redis.prototype;
Redis.prototype.parseOptions = function parseWithDefaults(...args) {
  parseOptions.apply(this, args);
  const { connectTimeout, maxRetriesPerRequest, autoResendUnfulfilledCommands, enableOfflineQueue } =
    DEFAULT_REDIS_OPTIONS;
  Object.assign(this.options, {
    connectTimeout,
    maxRetriesPerRequest,
    autoResendUnfulfilledCommands,
    enableOfflineQueue,
    commandTimeout: undefined,
    socketTimeout: undefined,
  });
};
