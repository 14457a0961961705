/**
 * The forms of REDIS_URL (design.md section 3). Parsing only: the clients are made where they are used.
 */
import { FangbangError } from './errors.ts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export type RedisAddress =
  | { readonly kind: 'none' }
  | { readonly kind: 'single'; readonly url: string; readonly isTls: boolean }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostAndPort[];
      readonly master: string;
      /** Of Redis and the Sentinels alike. */
      readonly isTls: boolean;
      readonly username: string | undefined;
      readonly password: string | undefined;
    }
  | {
      readonly kind: 'cluster';
      readonly nodes: readonly HostAndPort[];
      readonly isTls: boolean;
      readonly username: string | undefined;
      readonly password: string | undefined;
    };

const FORMS =
  'redis://host:port/0, redis+sentinel://host:port,host:port/master-name, redis+cluster://host:port,host:port, each with rediss for TLS, or none';

/** @throws FangbangError `config-invalid`; never with a password in the message. */
export function parseRedisUrl(text: string): RedisAddress {
  if (text === 'none') return { kind: 'none' };
  if (/^rediss?:\/\//.test(text)) {
    const url = URL.parse(text);
    if (url === null || url.hostname === '' || !/^\/?[0-9]*$/.test(url.pathname)) throw invalid();
    return { kind: 'single', url: text, isTls: url.protocol === 'rediss:' };
  }
  const match =
    /^redis(s?)\+(sentinel|cluster):\/\/(?:(?:([^:@/]*):)?([^@/]*)@)?([^/?]+)(?:\/([^/?]*))?$/.exec(text);
  if (match === null) throw invalid();
  const [, tls, kind, username, password, hosts = '', path = ''] = match;
  const nodes = hosts.split(',').map(parseHost);
  const access = {
    isTls: tls === 's',
    username: username === undefined || username === '' ? undefined : decode(username),
    password: password === undefined ? undefined : decode(password),
  };
  if (kind === 'cluster') {
    if (path !== '') throw invalid();
    return { kind: 'cluster', nodes, ...access };
  }
  if (path === '') throw invalid();
  return { kind: 'sentinel', sentinels: nodes, master: path, ...access };
}

/** What the library's options have of an address besides its hosts. */
export function accessOptions(
  address: Extract<RedisAddress, { kind: 'sentinel' | 'cluster' }>,
): AccessOptions {
  const { kind, isTls, username, password } = address;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isTls ? { tls: {} } : {}),
    ...(isTls && kind === 'sentinel' ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  };
}

export interface AccessOptions {
  username?: string;
  password?: string;
  tls?: object;
  enableTLSForSentinelMode?: boolean;
  sentinelTLS?: object;
}

/** A stray % is a fault of the address, not of the program. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}

function parseHost(text: string): HostAndPort {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:@[\]]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) throw invalid();
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function invalid(): FangbangError {
  return new FangbangError('config-invalid', `REDIS_URL has none of the forms ${FORMS}`);
}
