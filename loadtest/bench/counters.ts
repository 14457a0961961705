/**
 * @module The counters of wrong attempts in the stage's Redis, ours and the peers': all that has an expiry there.
 *
 * Failure policy: a Redis that is away rejects.
 */
import { Redis } from 'ioredis';

/** Looks at every key, in which time Redis does nothing else: between measurements. */
const UNLINK_WHAT_EXPIRES = `
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if redis.call('PTTL', key) >= 0 then redis.call('UNLINK', key) end
  end
until cursor == '0'
return 1`;

/** Forgets every wrong attempt, so that one contestant's guesses limit neither the next one nor itself. */
export async function forgetWrongAttempts(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl, { retryStrategy: null });
  redis.on('error', () => {});
  try {
    await redis.eval(UNLINK_WHAT_EXPIRES, 0);
  } finally {
    redis.disconnect();
  }
}
