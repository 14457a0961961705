/**
 * What Redis and its client say → `redis-away` with the reason. Redis's own answers are shown only by
 * their first word: the rest may quote a key.
 */
import { ReplyError } from 'ioredis';
import { FangbangError } from '#results/errors.ts';
import { isTlsFault } from './tls-faults.ts';

const ANSWERS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  OOM: ['Redis has no memory left (maxmemory)', 'raise maxmemory, or remove old batches: fangbang cool'],
  NOAUTH: ['Redis asks for a password', 'put login and password into the Redis URL'],
  WRONGPASS: ['Redis refuses this login', 'check login and password in the Redis URL'],
  NOPERM: ['this Redis login may not do that', 'allow it to read and write all keys, EVAL and INFO'],
  READONLY: ['this Redis is a replica', 'give the URL of the master, or of the Sentinels'],
  LOADING: ['Redis is still loading its data', 'start the command again in a moment'],
  CLUSTERDOWN: ['the Redis Cluster is down', 'look at: redis-cli cluster info'],
  MISCONF: ['Redis refuses writes: it cannot save to its disk', 'look at the disk and the log of Redis'],
};

/** What to do when a connection by TLS fails: of a set the library does not say why. */
export const LOOK_AT_TLS =
  'check that Redis takes TLS at this address, and its certificate; an authority of your own goes into a file that NODE_EXTRA_CA_CERTS names';
const TRY_AGAIN = 'check that Redis runs and that the Redis URL is right, then start the command again';

/**
 * The FangbangError behind an error of Redis or its client; other errors come back as they are.
 * @param whenBroken what to do about a connection that broke off without a word.
 */
export function mapRedisError(error: unknown, whenBroken = TRY_AGAIN): unknown {
  if (error instanceof FangbangError || !(error instanceof Error)) return error;
  if (error instanceof ReplyError) {
    const word = /^[A-Z]+/.exec(error.message)?.[0] ?? '';
    const known = ANSWERS[word];
    if (known !== undefined) return away(error, known[0], known[1]);
    return away(error, `Redis answered ${word === '' ? 'an error' : word}`, TRY_AGAIN);
  }
  // A cluster or the Sentinels: the reason of the last one that was tried.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error)
    return mapRedisError(error.lastNodeError, whenBroken);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined && isTlsFault(code))
    return away(error, `the TLS connection to Redis is refused (${code})`, LOOK_AT_TLS);
  if (code !== undefined) return away(error, `Redis cannot be reached (${code})`, TRY_AGAIN);
  if (/timed out|ETIMEDOUT/.test(error.message))
    return away(error, 'Redis does not answer in time', TRY_AGAIN);
  if (
    /[Cc]onnection is closed|max retries per request|sentinels are unreachable|slots cache|writeable/.test(
      error.message,
    )
  )
    return away(error, 'the connection to Redis broke off', whenBroken);
  return error;
}

function away(cause: Error, message: string, hint: string): FangbangError {
  return new FangbangError('redis-away', message, { hint, cause });
}
