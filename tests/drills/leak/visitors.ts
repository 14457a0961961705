/**
 * @module The visitors' part: right, wrong and mad requests with canaries in every place that a request has. Every
 * answer is searched, with its headers.
 *
 * Failure policy: an answer that may be kept, a slip by GET, or a right lookup that has no slip, is a fault; what
 * gets no answer at all is one of the connection's and counts as none.
 */
import type { RawAnswer } from '../../helpers/http1-client.ts';
import { ask, request } from '../../helpers/http1-client.ts';
import { address } from '../common/guesses.ts';
import { SERIES, type Canary } from './canaries.ts';
import type { Findings } from './findings.ts';

export interface Visits {
  readonly port: number;
  /** As the service has them. */
  readonly list: readonly Canary[];
  /** In no file that is open. */
  readonly strangers: readonly Canary[];
  readonly findings: Findings;
}

export interface Seen {
  answers: number;
  slips: number;
  /** Personal answers that a cache may keep. */
  keepable: number;
  /** Lookups by GET that were not refused with 405. */
  byUrl: number;
  readonly statuses: Map<number, number>;
}

const LOOKUP = `/v1/series/${SERIES}/lookup`;
const FORM = `/s/${SERIES}`;
const JSON_TYPE = 'Content-Type: application/json';
const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded';
const OWN = ['candidate number', 'name', 'mark'] as const;

/** A form without a script: nobody has to type it again. */
const TYPED = { name: 'forms that come back', may: ['candidate number', 'identity number', 'name'] } as const;

export function nothingSeen(): Seen {
  return { answers: 0, slips: 0, keepable: 0, byUrl: 0, statuses: new Map() };
}

/** Lookups as they should be: each slip may hold what is its candidate's, and no identity number. */
export async function visitRightly({ port, list, findings }: Visits, seen: Seen): Promise<void> {
  for (const [n, canary] of list.entries()) {
    const isForm = n % 3 === 0;
    const answer = await send(
      port,
      isForm ? post(FORM, FORM_TYPE, form(canary), n) : lookup(canary, n),
      seen,
    );
    if (answer === undefined) continue;
    const { status, headers, body } = answer;
    if (status === 200) seen.slips += 1;
    judgeKeeping(answer, seen);
    const may = status === 200 ? OWN : [];
    findings.search({ name: 'slips', may, owner: canary.owner }, body);
    findings.search({ name: 'headers of slips' }, JSON.stringify(headers));
  }
}

/** Everything else: nothing of anybody may come back. */
export async function visitWrongly({ port, list, strangers, findings }: Visits, seen: Seen): Promise<void> {
  let n = 0;
  for (const [i, canary] of list.entries()) {
    const other = list[(i + 1) % list.length] ?? canary;
    const stranger = strangers[i % strangers.length] ?? canary;
    for (const { bytes, isPersonal, isByUrl, isForm } of attempts(canary, other, stranger, (n += 20))) {
      const answer = await send(port, bytes, seen);
      if (answer === undefined) continue;
      findings.search({ name: 'answers to anything else' }, JSON.stringify(answer.headers));
      const place =
        isForm === true ? { ...TYPED, owner: canary.owner } : { name: 'answers to anything else' };
      findings.search(place, answer.body);
      if (isPersonal === true) judgeKeeping(answer, seen);
      if (isByUrl === true && answer.status !== 405) seen.byUrl += 1;
    }
  }
}

interface Attempt {
  readonly bytes: string;
  readonly isPersonal?: true;
  readonly isByUrl?: true;
  /** Comes back with what was typed. */
  readonly isForm?: true;
}

function attempts(one: Canary, other: Canary, stranger: Canary, n: number): Attempt[] {
  const { candidateNumber, identityNumber, name } = one;
  const mark = String(one.marks[0]);
  const raw = (text: string): string => Buffer.from(text).toString('latin1');
  const query = `candidateNumber=${candidateNumber}&identityNumber=${identityNumber}&name=${encodeURIComponent(name)}`;
  const whole = JSON.stringify({ candidateNumber, identityNumber });
  const json = (fields: object, at: number): string =>
    post(LOOKUP, JSON_TYPE, raw(JSON.stringify(fields)), n + at);
  const mad = [
    ...[
      'User-Agent',
      'Referer',
      'Cookie',
      'Accept-Language',
      'traceparent',
      'baggage',
      'fangbang-proof',
      'X-Request-Id',
    ],
    ...['If-None-Match', 'Authorization', 'Forwarded', 'Origin', 'Content-Type'],
  ].map((header) => `${header}: ${identityNumber} ${candidateNumber} ${raw(name)}`);
  const personal: string[] = [
    json({ candidateNumber, identityNumber: other.identityNumber }, 0),
    json({ candidateNumber: stranger.candidateNumber, identityNumber: stranger.identityNumber }, 1),
    json({ candidateNumber: identityNumber, identityNumber: candidateNumber }, 2),
    json({ candidateNumber, identityNumber: name }, 3),
    json({ candidateNumber, identityNumber: `${identityNumber}${mark}` }, 4),
    json({ [identityNumber]: name, [name]: mark }, 5),
    json([identityNumber, name], 6),
    post(LOOKUP, JSON_TYPE, whole.slice(0, -3), n + 7),
    post(LOOKUP, JSON_TYPE, whole.padEnd(10_000), n + 8),
    post(LOOKUP, 'Content-Type: text/plain', whole, n + 9),
    post(`/v1/series/${identityNumber}/lookup`, JSON_TYPE, whole, n + 12),
  ];
  const forms = [
    form({ ...one, candidateNumber: nobodysNear(one) }),
    `set=${identityNumber}&candidateNumber=${encodeURIComponent(name)}&x=${mark}`,
  ].map((body, i) => post(FORM, FORM_TYPE, body, n + 10 + i));
  return [
    ...forms.map((bytes) => ({ bytes, isPersonal: true as const, isForm: true as const })),
    ...personal.map((bytes) => ({ bytes, isPersonal: true as const })),
    { bytes: request(`GET ${LOOKUP}?${query}`), isPersonal: true, isByUrl: true },
    {
      bytes: request(`PUT ${LOOKUP}?${query}`, [JSON_TYPE, `Content-Length: ${whole.length}`], whole),
      isByUrl: true,
    },
    ...[
      `GET ${FORM}?${query}`,
      `GET /s/${identityNumber}?lang=${identityNumber}`,
      `GET /${candidateNumber}/${encodeURIComponent(name)}`,
      `GET /v1/series?${query}`,
      `GET /wechat?echostr=${identityNumber}&signature=${candidateNumber}`,
      `GET /openapi.json?${query}`,
      `X${identityNumber} /`,
    ].map((line) => ({ bytes: request(line, mad.slice(0, 8)) })),
    { bytes: request(`GET /`, mad) },
    { bytes: request(`POST ${LOOKUP}`, [...mad, `Content-Length: ${whole.length}`], whole) },
    // What is no request of HTTP.
    { bytes: `${identityNumber} ${raw(name)}\r\n\r\n` },
    { bytes: request(`GET /${raw(name)} `, [identityNumber]) },
    { bytes: request(`POST ${LOOKUP}`, [JSON_TYPE, 'Transfer-Encoding: chunked'], `${identityNumber}\r\n`) },
  ];
}

/** A candidate number of nobody, of the same form. */
function nobodysNear({ candidateNumber }: Canary): string {
  return candidateNumber.replace(/^2633/, '2639');
}

export function lookup({ candidateNumber, identityNumber }: Canary, n: number): string {
  return post(LOOKUP, JSON_TYPE, JSON.stringify({ candidateNumber, identityNumber }), n);
}

/** Each from an address of its own, so that few are asked for a proof of work. */
function post(path: string, type: string, body: string, n: number): string {
  const lines = [
    type,
    `X-Forwarded-For: ${address(n)}`,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  return request(`POST ${path}`, lines, body);
}

function form({ candidateNumber, identityNumber }: Canary): string {
  return new URLSearchParams({ set: 'number-and-identity', candidateNumber, identityNumber }).toString();
}

async function send(port: number, bytes: string, seen: Seen): Promise<RawAnswer | undefined> {
  const answer = await ask(port, bytes).catch(() => undefined);
  seen.answers += 1;
  const status = answer?.status ?? 0;
  seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1);
  return answer;
}

function judgeKeeping({ headers }: RawAnswer, seen: Seen): void {
  const control = headers['cache-control'] ?? '';
  if (!/\bno-store\b/.test(control) || !/\bprivate\b/.test(control)) seen.keepable += 1;
}
