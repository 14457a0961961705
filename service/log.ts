/**
 * The log: JSON lines on standard output, with fields of one list only. What is not on it is
 * dropped, so that no careless call can log a credential, a name or a mark. There is no access log:
 * the metrics count, and an error has its request id.
 */
import type { DestinationStream, LoggerOptions } from 'pino';
import { pino } from 'pino';
import type { LogFields, Logger } from '#lookup/observer.ts';
import type { LOG_LEVELS } from './config.ts';

/** Every field of LogFields: the compiler holds the two lists to one another. */
const ALLOWED: Readonly<Record<keyof LogFields, true>> = {
  series: true,
  batch: true,
  version: true,
  epoch: true,
  redisEpoch: true,
  fault: true,
  hint: true,
  store: true,
  requestId: true,
  frames: true,
  host: true,
  port: true,
  adminPort: true,
  runtime: true,
  process: true,
  exitCode: true,
  signal: true,
  count: true,
  milliseconds: true,
};

/** @param destination standard output when left out. */
export function createLog(level: (typeof LOG_LEVELS)[number], destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    // Neither process id nor host name: whoever collects the lines knows them better.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(ALLOWED, name))),
    },
  };
  const log = destination === undefined ? pino(options) : pino(options, destination);
  return {
    debug: (message, fields = {}) => log.debug(fields, message),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
    error: (message, fields = {}) => log.error(fields, message),
  };
}
