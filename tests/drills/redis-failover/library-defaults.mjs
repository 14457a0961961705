// The sabotage of drill:redis-failover, loaded into the service before its own code: what keeps a fault of Redis
// short is left at the library's defaults (no failover detector, no socket timeout).
import { createRequire } from 'node:module';

const { Redis } = createRequire(import.meta.url)('ioredis');
const { parseOptions } = Redis.prototype;
Redis.prototype.parseOptions = function parseWithDefaults(...args) {
  parseOptions.apply(this, args);
  this.options.failoverDetector = false;
  this.options.socketTimeout = undefined;
};
