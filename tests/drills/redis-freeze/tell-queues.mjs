// Loaded into the service before its own code: says twice a second, in a line of its log, how many commands waited in
// a client of Redis, and how many queries for a connection to Postgres, when most did.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Redis } = require('ioredis');
const { Pool } = require('pg');

const TELL_EVERY_MS = 500;
const most = { redis: 0, postgres: 0 };

const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function sendCommandAndCount(...args) {
  const sent = sendCommand.apply(this, args);
  most.redis = Math.max(most.redis, this.commandQueue.length + this.offlineQueue.length);
  return sent;
};

const { connect } = Pool.prototype;
Pool.prototype.connect = function connectAndCount(...args) {
  const connected = connect.apply(this, args);
  most.postgres = Math.max(most.postgres, this.waitingCount);
  return connected;
};

setInterval(() => {
  process.stdout.write(`${JSON.stringify({ msg: 'queues', ...most })}\n`);
  most.redis = 0;
  most.postgres = 0;
}, TELL_EVERY_MS).unref();
