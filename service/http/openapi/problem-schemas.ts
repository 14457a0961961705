/**
 * Bodies of the problems (RFC 9457), from the catalogue that makes them.
 */
import { z } from 'zod';
import { PROBLEMS, problemType, type ProblemName } from '../problems.ts';
import { challengeSchema } from '../proof-of-work.ts';
import { REQUEST_FAULTS, SERVER_STATUSES } from '../request-faults.ts';
import { REQUEST_ID } from '../request-id.ts';
import { credentialNameSchema } from './credential-schemas.ts';
import { faultSchema } from './fault-schema.ts';
import { instantSchema } from './slip-schema.ts';

export interface ProblemFacts {
  /** When it is the answer, for a reader. */
  readonly when: string;
  /** Whether the answer says when to come again. */
  readonly hasRetryAfter: boolean;
  /** Members besides type, title, status and requestId. */
  readonly members: z.ZodRawShape;
}

export const PROBLEM_FACTS: Readonly<Record<ProblemName, ProblemFacts>> = {
  'candidate-not-found': {
    when: 'Any wrong combination of well-formed credentials: the same bytes but for the request id, whichever is wrong.',
    hasRetryAfter: false,
    members: {},
  },
  'not-released': {
    when: 'Before the release or after a withdrawal, whatever the credentials.',
    hasRetryAfter: true,
    members: { releaseAt: instantSchema.nullable().describe('Null when it is not known.') },
  },
  'series-not-found': {
    when: 'No such series, or not announced.',
    hasRetryAfter: false,
    members: {},
  },
  'invalid-request': {
    when: 'The request is malformed, or a credential is; named by its field, never by its value.',
    hasRetryAfter: false,
    members: {
      field: credentialNameSchema.optional().describe('The field that is wrong or missing, if it is one.'),
      fault: faultSchema,
    },
  },
  'too-many-attempts': {
    when: 'Too many wrong attempts at one of these credentials, whether this one is right or not.',
    hasRetryAfter: true,
    members: {},
  },
  'proof-of-work-required': {
    when: 'To be sent again with the solution of `challenge`, or without one after the wait.',
    hasRetryAfter: true,
    members: { challenge: challengeSchema },
  },
  overloaded: {
    when: 'Very many ask at this moment. Please come again after the wait, not sooner.',
    hasRetryAfter: true,
    members: {},
  },
  'temporarily-unavailable': {
    when: 'What this answer needs is away for a moment.',
    hasRetryAfter: true,
    members: {},
  },
  'not-found': { when: 'Nothing is at this address.', hasRetryAfter: false, members: {} },
  'internal-error': {
    when: 'A fault on our side; `requestId` finds it in the log.',
    hasRetryAfter: false,
    members: {},
  },
};

/** Every status with which a route answers a problem. */
export function statusesOf(name: ProblemName): readonly number[] {
  return name === 'invalid-request' ? Object.values(REQUEST_FAULTS) : [PROBLEMS[name].status];
}

/** Schemas by the names that they have among the components: `NotReleasedProblem`. */
export const problemSchemas: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  problemNames().map((name) => [componentNameOf(name), schemaOf(name)]),
);

function problemNames(): ProblemName[] {
  return Object.keys(PROBLEMS) as ProblemName[];
}

export function componentNameOf(name: ProblemName): string {
  return `${pascalCase(name)}Problem`;
}

export function pascalCase(name: string): string {
  const words = name.split('-').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return words.join('');
}

/** With those of the server itself. */
function allStatusesOf(name: ProblemName): number[] {
  const ofServer = name === 'invalid-request' ? SERVER_STATUSES : [];
  return [...new Set([...statusesOf(name), ...ofServer])].sort((a, b) => a - b);
}

function schemaOf(name: ProblemName): z.ZodType {
  const { when, members } = PROBLEM_FACTS[name];
  return z
    .strictObject({
      type: z.literal(problemType(name)),
      title: z.string().meta({ examples: [PROBLEMS[name].title] }),
      status: z.literal(allStatusesOf(name)),
      requestId: z.string().regex(REQUEST_ID),
      ...members,
    })
    .describe(when);
}
