/**
 * Where the stores and the pepper are: options win over the environment, the environment over what
 * `npm start` wrote to `.fangbang/local.env`.
 */

export interface Settings {
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly pepperFile?: string | undefined;
}

/** The settings among variables by name; an empty value is none. */
export function readSettings(variables: Readonly<Record<string, string | undefined>>): Settings {
  return {
    databaseUrl: variables['DATABASE_URL'] || undefined,
    redisUrl: variables['REDIS_URL'] || undefined,
    pepperFile: variables['FANGBANG_PEPPER_FILE'] || undefined,
  };
}

/** The lines KEY=value of an env file. */
export function parseEnvFile(content: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of content.split('\n')) {
    const match = /^\s*([A-Z_]+)=(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined) variables[match[1]] = (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2');
  }
  return variables;
}

/**
 * The local file fills gaps only for its own database: a Redis or a pepper from a demo must never be
 * combined with somebody's real Postgres. Another login for the same database is fine.
 */
export function resolveSettings(options: Settings, environment: Settings, local: Settings): Settings {
  const databaseUrl = options.databaseUrl ?? environment.databaseUrl;
  const usable = databaseUrl === undefined || isSameDatabase(databaseUrl, local.databaseUrl) ? local : {};
  return {
    databaseUrl: databaseUrl ?? local.databaseUrl,
    redisUrl: options.redisUrl ?? environment.redisUrl ?? usable.redisUrl,
    pepperFile: environment.pepperFile ?? usable.pepperFile,
  };
}

function isSameDatabase(one: string, other: string | undefined): boolean {
  if (other === undefined || !URL.canParse(one) || !URL.canParse(other)) return false;
  const [a, b] = [new URL(one), new URL(other)];
  return (
    a.host === b.host &&
    a.pathname === b.pathname &&
    a.searchParams.get('host') === b.searchParams.get('host')
  );
}
