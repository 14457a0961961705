/**
 * What a load test must know of a series, from the service's own list.
 */
import type { Candidate } from './credentials-csv.ts';
import { parseJson } from './truth.ts';

/** A series as GET /v1/series shows it, as far as a load test needs it. */
export interface SeriesToLoad {
  readonly id: string;
  /** Names of the credentials of each set that the credentials file has columns for. */
  readonly credentialSets: readonly (readonly string[])[];
  /** Milliseconds since 1970 of a release to come; undefined: it is open. */
  readonly releaseAtMs: number | undefined;
}

/** The entries of the body of GET /v1/series; none when it has another form. */
export function listedSeries(body: unknown): readonly Readonly<Record<string, unknown>>[] {
  const list = typeof body === 'object' && body !== null && 'series' in body ? body.series : undefined;
  return Array.isArray(list) ? list : [];
}

/**
 * Finds the series in the body of GET /v1/series, with the sets that the credentials file has all columns for.
 *
 * @param wanted its id; undefined takes the only one that can be loaded.
 * @param mayBeScheduled one whose release is still to come will do as well.
 * @throws Error that says what is missing.
 */
export function seriesToLoad(
  body: string,
  wanted: string | undefined,
  candidate: Candidate,
  mayBeScheduled = false,
): SeriesToLoad {
  const all = listedSeries(parseJson(body));
  const canBeLoaded = (series: Readonly<Record<string, unknown>>): boolean =>
    series['state'] === 'open' || (mayBeScheduled && releaseOf(series) !== undefined);
  const usable = all.filter(canBeLoaded);
  const found =
    wanted === undefined
      ? usable.length === 1
        ? usable[0]
        : undefined
      : all.find((s) => s['id'] === wanted);
  if (found === undefined) {
    const known = all.map((series) => `${String(series['id'])} (${String(series['state'])})`).join(', ');
    const what = wanted === undefined ? 'Name the series to load' : `The service has no series "${wanted}"`;
    throw new Error(`${what}: it lists ${known === '' ? 'none' : known}.`);
  }
  const id = String(found['id']);
  if (!canBeLoaded(found)) throw new Error(`The series ${id} is not open but ${String(found['state'])}.`);
  const sets = (found['credentialSets'] ?? []) as readonly { credentials: readonly { name: string }[] }[];
  const credentialSets = sets
    .map((set) => set.credentials.map((credential) => credential.name))
    .filter((names) => names.length > 1 && names.every((name) => candidate.credentials[name] !== undefined));
  if (credentialSets.length === 0)
    throw new Error(
      `The credentials file has no columns for any credential set of ${id}: is it of that series?`,
    );
  return { id, credentialSets, releaseAtMs: found['state'] === 'open' ? undefined : releaseOf(found) };
}

/** When a scheduled series opens. */
function releaseOf(series: Readonly<Record<string, unknown>>): number | undefined {
  if (series['state'] !== 'scheduled') return undefined;
  const at = Date.parse(String(series['releaseAt']));
  return Number.isNaN(at) ? undefined : at;
}
