/**
 * Requests made of the service's own description and mutated: what the API may be asked, rightly and wrongly. Pure:
 * the same for the same seed.
 */
import fc from 'fast-check';

export interface ApiCase {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** As the description writes it, where it describes what is asked: `GET /v1/series`. */
  readonly operation: string | undefined;
}

export interface Known {
  /** Paths and their methods, `/v1/series` and `get`. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly series: readonly string[];
  /** Credentials by their names, of candidates that have a slip. */
  readonly candidates: readonly Readonly<Record<string, string>>[];
}

const METHODS = ['get', 'head', 'post', 'put', 'delete', 'patch', 'options'] as const;
const OTHER_METHODS = ['TRACE', 'PROPFIND', 'PRI', 'M-SEARCH'] as const;
const LOOKUP = /\/lookup$/;
/** More than the largest body that anything takes. */
const MOST_BODY_BYTES = 70_000;

/** @param count of them. */
export function apiCases(known: Known, { seed, count }: { seed: number; count: number }): ApiCase[] {
  return fc.sample(anyCase(known), { seed, numRuns: count });
}

function anyCase(known: Known): fc.Arbitrary<ApiCase> {
  const described = Object.entries(known.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => Object.hasOwn(item, method)).map((method) => ({ path, method })),
  );
  const lookups = described.filter(({ path }) => LOOKUP.test(path));
  const operation = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...described) },
    { weight: 3, arbitrary: fc.constantFrom(...lookups) },
  );
  return operation.chain(({ path, method }) =>
    fc
      .record({
        sent: methodNear(method),
        place: targetOf(path, known),
        body: anyBody(known),
        more: someHeaders,
      })
      .map(({ sent, place: { target, isAsDescribed }, body: { bytes, type }, more }) => ({
        method: sent,
        target,
        body: bytes,
        headers: [...(type === undefined ? [] : [['content-type', type] as const]), ...more],
        operation:
          isAsDescribed && sent.toLowerCase() === method ? `${method.toUpperCase()} ${path}` : undefined,
      })),
  );
}

/** Mostly the operation's own. */
function methodNear(method: string): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constant(method.toUpperCase()) },
    { weight: 1, arbitrary: fc.constantFrom(...METHODS.map((one) => one.toUpperCase()), ...OTHER_METHODS) },
  );
}

interface Place {
  readonly target: string;
  /** Whether it is an address of the description. */
  readonly isAsDescribed: boolean;
}

function targetOf(path: string, { series, candidates }: Known): fc.Arbitrary<Place> {
  const id = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...series).map((text) => [text, true] as const) },
    { weight: 2, arbitrary: anyText.map((text) => [encode(text), !/^\.{0,2}$/.test(text)] as const) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(
          '',
          '.',
          '..',
          '%2e%2e',
          '%2F',
          '%00',
          '%',
          '%zz',
          '%C0%AF',
          '%F0%9F',
          '__proto__',
          'a/b',
        )
        .map((text) => [text, false] as const),
    },
  );
  const value = fc.oneof(anyText, fc.constantFrom(...candidates.flatMap((one) => Object.values(one))));
  const query = fc
    .array(
      fc.tuple(fc.oneof(anyText, fc.constantFrom('lang', 'signature', 'echostr', 'identityNumber')), value),
      {
        maxLength: 3,
      },
    )
    .map((pairs) => pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&'));
  return fc.tuple(id, fc.option(query, { freq: 2, nil: '' })).map(([[text, isAsDescribed], asked]) => ({
    target: path.replace('{seriesId}', () => text) + (asked === '' ? '' : `?${asked}`),
    isAsDescribed: isAsDescribed || !path.includes('{'),
  }));
}

const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'aZ09-_.:/\\"\'<>&%;=\0\r\n\t 　０放\u{20000}\u202E'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 40,
});

/** Half a surrogate pair, which has no percent-encoding, becomes what a decoder makes of it. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** What a header can hold, and a server must bear. */
const headerValue = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 200,
  })
  .map((text) => text.replaceAll('\x7F', '').trim());

const someHeaders = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...[
        'accept',
        'accept-language',
        'accept-encoding',
        'authorization',
        'cookie',
        'fangbang-proof',
        'origin',
      ],
      ...['if-none-match', 'range', 'referer', 'sec-fetch-site', 'traceparent', 'tracestate', 'user-agent'],
      ...['forwarded', 'x-request-id', 'x-http-method-override', '__proto__', 'constructor'],
    ),
    fc.oneof(
      headerValue,
      anyText.map((text) => Buffer.from(text).toString('base64')),
    ),
  ),
  { maxLength: 4 },
);

interface Body {
  readonly bytes: Buffer;
  readonly type: string | undefined;
}

function anyBody({ candidates }: Known): fc.Arbitrary<Body> {
  const right = fc.constantFrom(...candidates);
  const names = Object.keys(candidates[0] ?? {});
  const name = fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor', 'set', 'toString'), anyText);
  const value = fc.oneof(anyText, fc.jsonValue({ maxDepth: 3 }));
  const crossed = fc
    .tuple(right, right)
    .map(([one, other]) => Object.fromEntries(names.map((key, i) => [key, (i === 0 ? one : other)[key]])));
  const mutated = fc
    .tuple(right, fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 }))
    .map(([fields, changes]) => Object.fromEntries([...Object.entries(fields), ...changes]));
  const near = fc
    .tuple(right, fc.constantFrom(...names), fc.nat({ max: 17 }), fc.constantFrom(...'0159Xx０ －\u200B'))
    .map(([fields, key, at, put]) => {
      const text = fields[key] ?? '';
      return { ...fields, [key]: text.slice(0, at) + put + text.slice(at + 1) };
    });
  const fields = fc.oneof(
    { weight: 4, arbitrary: right },
    { weight: 2, arbitrary: crossed },
    { weight: 3, arbitrary: near },
    { weight: 3, arbitrary: mutated },
  );
  const json = fc.oneof(
    { weight: 8, arbitrary: fields.map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: fields.map((one) => JSON.stringify({ ...one }, undefined, 3)) },
    { weight: 2, arbitrary: fc.json({ maxDepth: 4 }) },
    { weight: 1, arbitrary: fc.nat({ max: 8_000 }).map((depth) => '['.repeat(depth)) },
    { weight: 1, arbitrary: fc.nat({ max: 1_300 }).map((depth) => '{"a":'.repeat(depth)) },
    // The same name twice, half an escape, numbers that no double holds.
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          right,
          fc.constantFrom('{"a":1e999}', '{"a":"\\ud800"}', '{"a":"\\u12"}', '\uFEFF{}', '{"a":-0}', '{}'),
        )
        .map(
          ([one, odd]) =>
            `${JSON.stringify(one).slice(0, -1)},${JSON.stringify(one).slice(1, -1)},"b":${odd}}`,
        ),
    },
  );
  const form = fields.map((one) =>
    Object.entries(one)
      .map(([key, text]) => `${encode(key)}=${encode(asText(text))}`)
      .join('&'),
  );
  const bytes = fc.uint8Array({ maxLength: 2_000 }).map((one) => Buffer.from(one));
  const large = fc.integer({ min: 8_000, max: MOST_BODY_BYTES }).map((size) => Buffer.alloc(size, ' '));
  const type = (...usual: string[]): fc.Arbitrary<string | undefined> =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...usual) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(undefined, 'text/plain', 'application/xml', 'multipart/form-data'),
      },
      { weight: 1, arbitrary: headerValue },
    );
  const asBody = (
    texts: fc.Arbitrary<string | Buffer>,
    types: fc.Arbitrary<string | undefined>,
  ): fc.Arbitrary<Body> =>
    fc.record({ bytes: texts.map((text) => Buffer.from(text as string)), type: types });
  const forJson = type('application/json', 'application/json; charset=utf-8', 'Application/JSON;a=b');
  return fc.oneof(
    { weight: 10, arbitrary: asBody(json, forJson) },
    { weight: 4, arbitrary: asBody(form, type('application/x-www-form-urlencoded')) },
    { weight: 1, arbitrary: asBody(bytes, forJson) },
    { weight: 1, arbitrary: asBody(large, forJson) },
    { weight: 1, arbitrary: fc.constant({ bytes: Buffer.alloc(0), type: undefined }) },
  );
}

/** Some of what is generated has no text of its own: an object without a prototype. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
