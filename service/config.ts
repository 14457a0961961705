/**
 * The environment of the service (design.md section 4). Every fault is reported at once, and nothing
 * that was given is replaced by a default.
 */
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { LimitSettings } from '#lookup/limits/settings.ts';
import { DEFAULT_LIMITS, MOST_WRONG } from '#lookup/limits/settings.ts';
import type { Pepper } from '#results/digest.ts';
import { readPeppers } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import type { RedisAddress } from '#results/redis-address.ts';
import { parseRedisUrl } from '#results/redis-address.ts';
import { DEFAULT_HOLD_MS, MOST_HOLD_MS } from './http/held-answers.ts';
import { DEFAULT_SPREAD_MS, MOST_SPREAD_MS } from './page/page.ts';
import { DEFAULT_PRACTICE_LOOKUPS } from './practice/practice.ts';
import type { TracingSettings } from './tracing/settings.ts';
import { tracingSettings, tracingVariables } from './tracing/settings.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export interface Config {
  readonly databaseUrl: string;
  readonly redis: RedisAddress;
  readonly host: string;
  /** 0: any free one, for tests. */
  readonly port: number;
  readonly adminPort: number;
  /** Processes that share the port, where service/serve.ts keeps them; service/main.ts is always one. */
  readonly instances: number;
  readonly peppers: readonly [Pepper, ...Pepper[]];
  /** CIDRs whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Lookups worked on at once. */
  readonly maxInFlight: number;
  /** Milliseconds that the event loop may be late before fewer are worked on. */
  readonly maxLoopDelayMs: number;
  /** Least milliseconds before somebody is told that there is no place. */
  readonly holdOverloadedMs: number;
  /** Made-up lookups before the instance is ready; 0: none. */
  readonly practiceLookups: number;
  /** Over how many milliseconds after T the pages that wait for it ask. */
  readonly pageSpreadMs: number;
  /** Connections to the public port. */
  readonly maxConnections: number;
  readonly limits: LimitSettings;
  /** Numbers that a proof of work may have to try; half of them on average. */
  readonly proofMaxNumber: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** undefined: no traces. */
  readonly tracing: TracingSettings | undefined;
  readonly wechat: { readonly token: string; readonly aesKey: string; readonly appId: string } | undefined;
}

const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, `expected a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((n) => n >= least && n <= most, `expected a whole number from ${least} to ${most}`);

/** Text that must be there, parsed by a function that throws a FangbangError. */
const required = <T>(expected: string, parse: (text: string) => T) =>
  z.string(`is not set: expected ${expected}`).transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof FangbangError)) throw error;
      const hint = error.hint === undefined ? '' : ` (${error.hint})`;
      context.addIssue({ code: 'custom', message: `${error.message}${hint}` });
      return z.NEVER;
    }
  });

/** About a second on an old phone (service/lookup/limits/README.md). */
const DEFAULT_PROOF_MAX_NUMBER = 100_000;

/** Only Linux shares a port out among processes evenly. */
const CAN_SHARE_PORTS = process.platform === 'linux';
const MOST_INSTANCES = CAN_SHARE_PORTS ? 256 : 1;
const DEFAULT_INSTANCES = Math.min(availableParallelism(), MOST_INSTANCES);

const DATABASE_URL_FORM = 'postgres://user:password@host:port/database';

const environment = z.object({
  DATABASE_URL: z
    .string(`is not set: expected ${DATABASE_URL_FORM}`)
    .regex(/^postgres(?:ql)?:\/\/\S+$/, `expected ${DATABASE_URL_FORM}`),
  REDIS_URL: required('redis://host:port/0, or none to run without Redis', parseRedisUrl),
  HOST: z.string().min(1, 'expected an address or a host name').default('127.0.0.1'),
  PORT: integer(0, 65_535).default(8080),
  ADMIN_PORT: integer(0, 65_535).default(9090),
  INSTANCES: integer(1, MOST_INSTANCES).default(DEFAULT_INSTANCES),
  FANGBANG_PEPPER_FILE: required('the path of the pepper file that the loader uses', readPeppers),
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) => (text.trim() === '' ? [] : text.split(',').map((part) => part.trim())))
    .refine((cidrs) => cidrs.every(isCidr), 'expected CIDRs such as 10.0.0.0/8,fd00::/8'),
  MAX_IN_FLIGHT: integer(1, 100_000).default(512),
  MAX_LOOP_DELAY_MS: integer(5, 10_000).default(50),
  HOLD_OVERLOADED_MS: integer(0, MOST_HOLD_MS).default(DEFAULT_HOLD_MS),
  MAX_CONNECTIONS: integer(1, 1_000_000).default(20_000),
  PRACTICE_LOOKUPS: integer(0, 10_000_000).default(DEFAULT_PRACTICE_LOOKUPS),
  PAGE_SPREAD_MS: integer(0, MOST_SPREAD_MS).default(DEFAULT_SPREAD_MS),
  LIMIT_WRONG_PER_15_MINUTES: integer(1, MOST_WRONG).default(DEFAULT_LIMITS.wrongPerWindow),
  LIMIT_WRONG_PER_DAY: integer(1, MOST_WRONG).default(DEFAULT_LIMITS.wrongPerDay),
  LIMIT_FREE_BEFORE_PROOF: integer(1, MOST_WRONG).default(DEFAULT_LIMITS.freeBeforeProof),
  LIMIT_FREE_PER_NETWORK: integer(1, MOST_WRONG).default(DEFAULT_LIMITS.freePerNetwork),
  LIMIT_WRONG_WITHOUT_REDIS: integer(1, 255).default(DEFAULT_LIMITS.wrongWithoutRedis),
  PROOF_OF_WORK_MAX_NUMBER: integer(1_000, 10_000_000).default(DEFAULT_PROOF_MAX_NUMBER),
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(', ')}`).default('info'),
  ...tracingVariables,
  WECHAT_TOKEN: z
    .string()
    .regex(/^[A-Za-z0-9]{3,32}$/, 'expected 3 to 32 letters and digits')
    .optional(),
  WECHAT_AES_KEY: z
    .string()
    .regex(/^[A-Za-z0-9]{43}$/, 'expected 43 letters and digits')
    .optional(),
  WECHAT_APP_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{3,64}$/, 'expected the AppID of the account')
    .optional(),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** Faults between two variables: seen also when others have faults of their own. */
function crossFaults(env: Environment): string[] {
  const faults: string[] = [];
  const { PORT: port = '8080', ADMIN_PORT: adminPort = '9090' } = env;
  if (Number(port) === Number(adminPort) && Number(port) !== 0)
    faults.push('ADMIN_PORT: is the same as PORT');
  const {
    LIMIT_WRONG_PER_15_MINUTES: perWindow = DEFAULT_LIMITS.wrongPerWindow,
    LIMIT_WRONG_PER_DAY: perDay = DEFAULT_LIMITS.wrongPerDay,
  } = env;
  if (Number(perDay) < Number(perWindow))
    faults.push('LIMIT_WRONG_PER_DAY: is less than LIMIT_WRONG_PER_15_MINUTES');
  const wechat = ['WECHAT_TOKEN', 'WECHAT_AES_KEY', 'WECHAT_APP_ID'];
  const given = wechat.filter((name) => env[name] !== undefined);
  if (given.length > 0) {
    for (const name of wechat.filter((one) => !given.includes(one)))
      faults.push(`${name}: is not set, but ${given.join(' and ')} is`);
  }
  return faults;
}

/**
 * Reads the configuration, and the pepper file that it names.
 * @param env the process's environment.
 * @throws FangbangError `config-invalid`, with every fault as "NAME: what was expected"; never with a value.
 */
export function readConfig(env: Environment): Config {
  const parsed = environment.safeParse(env);
  const faults = [
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...crossFaults(env),
  ];
  if (!parsed.success || faults.length > 0) {
    throw new FangbangError(
      'config-invalid',
      `the configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}`,
      { faults },
    );
  }
  const e = parsed.data;
  const { WECHAT_TOKEN: token, WECHAT_AES_KEY: aesKey, WECHAT_APP_ID: appId } = e;
  return {
    databaseUrl: e.DATABASE_URL,
    redis: e.REDIS_URL,
    host: e.HOST,
    port: e.PORT,
    adminPort: e.ADMIN_PORT,
    instances: e.INSTANCES,
    peppers: e.FANGBANG_PEPPER_FILE,
    trustedProxies: e.TRUSTED_PROXIES,
    maxInFlight: e.MAX_IN_FLIGHT,
    maxLoopDelayMs: e.MAX_LOOP_DELAY_MS,
    holdOverloadedMs: e.HOLD_OVERLOADED_MS,
    practiceLookups: e.PRACTICE_LOOKUPS,
    pageSpreadMs: e.PAGE_SPREAD_MS,
    maxConnections: e.MAX_CONNECTIONS,
    limits: {
      wrongPerWindow: e.LIMIT_WRONG_PER_15_MINUTES,
      wrongPerDay: e.LIMIT_WRONG_PER_DAY,
      freeBeforeProof: e.LIMIT_FREE_BEFORE_PROOF,
      freePerNetwork: e.LIMIT_FREE_PER_NETWORK,
      wrongWithoutRedis: e.LIMIT_WRONG_WITHOUT_REDIS,
    },
    proofMaxNumber: e.PROOF_OF_WORK_MAX_NUMBER,
    logLevel: e.LOG_LEVEL,
    tracing: tracingSettings(e),
    wechat:
      token === undefined || aesKey === undefined || appId === undefined
        ? undefined
        : { token, aesKey, appId },
  };
}

function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const version = isIP(address);
  return (
    version !== 0 &&
    rest.length === 0 &&
    /^[0-9]{1,3}$/.test(prefix) &&
    Number(prefix) <= (version === 4 ? 32 : 128)
  );
}
