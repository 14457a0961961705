/**
 * Every answer that is none of a result: one catalogue of names, statuses and titles (RFC 9457).
 */
import type { Answer, AnswerKind, WrittenBody } from '../http1/answer.ts';
import { makeAnswerKind } from '../http1/answer.ts';
import { API_HEADERS } from './headers.ts';
import type { ProofChallenge } from './proof-of-work.ts';
import { RequestId } from './request-id.ts';

interface Problem {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS = {
  'candidate-not-found': {
    status: 404,
    title: 'No result is found for these credentials. Please check every character.',
  },
  'not-released': { status: 403, title: 'The results of this series are not released.' },
  'series-not-found': { status: 404, title: 'There is no such series.' },
  'invalid-request': { status: 400, title: 'The request does not have the form that is expected.' },
  'too-many-attempts': { status: 429, title: 'There were too many wrong attempts. Please wait.' },
  'proof-of-work-required': { status: 429, title: 'A proof of work is required for this request.' },
  overloaded: { status: 503, title: 'Very many people ask at this moment. Please try again shortly.' },
  'temporarily-unavailable': {
    status: 503,
    title: 'The result cannot be read at this moment. Please try again shortly.',
  },
  'not-found': { status: 404, title: 'There is nothing at this address.' },
  'internal-error': { status: 500, title: 'Something went wrong on our side.' },
} as const satisfies Record<string, Problem>;

export type ProblemName = keyof typeof PROBLEMS;

/** Member `type` of a problem. */
export function problemType(name: ProblemName): string {
  return `urn:fangbang:problem:${name}`;
}

export interface ProblemDetails {
  /** In the place of the catalogue's: 405, 413 and 415 are kinds of an invalid request. */
  readonly status?: number;
  /** Members of the body besides type, title, status and requestId. */
  readonly members?: MemberValues | PreparedMembers;
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestId?: RequestId;
}

type MemberValues = Readonly<Record<string, string | number | null | ProofChallenge>>;

/** Members that many problems have alike, as they end a body. */
export class PreparedMembers {
  readonly end: Buffer;

  constructor(members: MemberValues) {
    // The members' own brackets give way to those of the whole.
    const more = JSON.stringify(members).slice(1, -1);
    this.end = Buffer.from(more === '' ? '"}' : `",${more}}`);
  }
}

const NONE = new PreparedMembers({});

/** An answer of `application/problem+json`. */
export function problemAnswer(name: ProblemName, details: ProblemDetails = {}): Answer {
  const requestId = details.requestId ?? new RequestId();
  const { kind, beginning } = preparedFor(name, details.status ?? PROBLEMS[name].status);
  const { members = NONE, headers } = details;
  const { end } = members instanceof PreparedMembers ? members : new PreparedMembers(members);
  return {
    kind,
    changing:
      headers === undefined ? { 'x-request-id': requestId } : { 'x-request-id': requestId, ...headers },
    body: new ProblemBody(beginning, requestId, end),
  };
}

/** A refusal has to be far cheaper than a result: what all of a kind begin with is made once. */
class ProblemBody implements WrittenBody {
  readonly mostBytes: number;
  readonly #beginning: Buffer;
  readonly #requestId: RequestId;
  readonly #end: Buffer;

  constructor(beginning: Buffer, requestId: RequestId, end: Buffer) {
    this.#beginning = beginning;
    this.#requestId = requestId;
    this.#end = end;
    this.mostBytes = beginning.length + requestId.length + end.length;
  }

  writeInto(into: Buffer): number {
    into.set(this.#beginning);
    const at = this.#requestId.writeInto(into, this.#beginning.length);
    into.set(this.#end, at);
    return at + this.#end.length;
  }
}

/** What all problems of a name and status have in common. */
interface Prepared {
  readonly kind: AnswerKind;
  /** The body up to the request's id. */
  readonly beginning: Buffer;
}

const prepared: Partial<Record<ProblemName, Record<number, Prepared>>> = {};

function preparedFor(name: ProblemName, status: number): Prepared {
  const byStatus = (prepared[name] ??= {});
  return (byStatus[status] ??= prepare(name, status));
}

function prepare(name: ProblemName, status: number): Prepared {
  const whole = JSON.stringify({
    type: problemType(name),
    title: PROBLEMS[name].title,
    status,
    requestId: '',
  });
  return {
    kind: makeAnswerKind(status, { ...API_HEADERS, 'content-type': 'application/problem+json' }),
    beginning: Buffer.from(whole.slice(0, -2)),
  };
}

/**
 * Seconds for Retry-After, spread so that those who were turned away together do not come back
 * together.
 */
export function spreadSeconds(least: number, most: number): string {
  return String(least + Math.floor(Math.random() * (most - least + 1)));
}
