/**
 * The service's description, narrowed to one installation. As it is served it holds for every series, so most of
 * what a generator makes of it would end at "no such series" or "no such set". This one also offers the series
 * that there are, and values that are right alone but seldom together. Pure.
 */

type Json = Readonly<Record<string, unknown>>;

export interface KnownSeries {
  readonly id: string;
  readonly credentialSets: readonly { readonly credentials: readonly KnownCredential[] }[];
}

interface KnownCredential {
  readonly name: string;
  readonly pattern: string | null;
  readonly example: string;
}

export interface Sharpened {
  /** As `GET /v1/series` lists them. */
  readonly series: readonly KnownSeries[];
  /** Some candidates' credentials by their names. */
  readonly candidates: readonly Readonly<Record<string, string>>[];
}

/** A copy of the description with the installation's values beside its own. */
export function sharpen(document: Json, { series, candidates }: Sharpened): Json {
  const components = partOf(document, 'components');
  const schemas = partOf(components, 'schemas');
  const sets = series.flatMap((one) => one.credentialSets.map(({ credentials }) => credentials));
  return {
    ...document,
    paths: withExamples(partOf(document, 'paths'), candidates),
    components: {
      ...components,
      schemas: {
        ...schemas,
        SeriesId: { anyOf: [{ enum: series.map(({ id }) => id) }, schemas['SeriesId']] },
        LookupRequest: {
          anyOf: [
            ...sets.map((set) => bodyOf(set, (credential) => known(credential, candidates))),
            ...sets.map((set) => bodyOf(set, anyValue)),
            schemas['LookupRequest'],
          ],
        },
      },
    },
  };
}

/** A body with exactly the credentials of a set. */
function bodyOf(set: readonly KnownCredential[], valueOf: (credential: KnownCredential) => Json): Json {
  return {
    type: 'object',
    properties: Object.fromEntries(set.map((credential) => [credential.name, valueOf(credential)])),
    required: set.map(({ name }) => name),
    additionalProperties: false,
  };
}

/** Well-formed, and somebody's. */
function known({ name, example }: KnownCredential, candidates: Sharpened['candidates']): Json {
  const values = candidates.map((candidate) => candidate[name]).filter((value) => value !== undefined);
  return { enum: [...new Set([...values, example])] };
}

/** Well-formed as far as the list of series tells. */
function anyValue({ pattern }: KnownCredential): Json {
  return pattern === null
    ? { type: 'string', maxLength: 100 }
    : { type: 'string', pattern: `^(?:${pattern})$` };
}

/** Credentials that belong together, and then such that do not, as the examples of the lookup. */
function withExamples(paths: Json, candidates: Sharpened['candidates']): Json {
  const at = '/v1/series/{seriesId}/lookup';
  const lookup = partOf(partOf(paths, at), 'post');
  const requestBody = partOf(lookup, 'requestBody');
  const json = partOf(partOf(requestBody, 'content'), 'application/json');
  const bodies = [candidates, crossed(candidates, 1), crossed(candidates, 2)].flat();
  const examples = Object.fromEntries(bodies.map((value, i) => [`body-${i}`, { value }]));
  const content = { 'application/json': { ...json, examples } };
  return {
    ...paths,
    [at]: { post: { ...lookup, requestBody: { ...requestBody, content } } },
  };
}

/** The first credential of each with the others of the one `by` places on. */
function crossed(candidates: Sharpened['candidates'], by: number): Readonly<Record<string, string>>[] {
  return candidates.map((candidate, i) => {
    const [first, value] = Object.entries(candidate)[0] ?? ['', ''];
    return { ...candidates[(i + by) % candidates.length], [first]: value };
  });
}

/** @throws Error when the description is not as the program makes it. */
function partOf(parent: Json, name: string): Json {
  const part = parent[name];
  if (typeof part !== 'object' || part === null) throw new Error(`the description has no ${name}`);
  return part as Json;
}
