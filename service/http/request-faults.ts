/**
 * What a request can lack before its credentials are looked at: one table for the answers and for
 * the API's description.
 */
import type { Answer } from '../http1/answer.ts';
import type { ServerFault } from '../http1/endpoint.ts';
import { problemAnswer } from './problems.ts';

/** Far above the credentials of any series. */
export const MOST_LOOKUP_BYTES = 8 * 1024;

/** Status of each. */
export const REQUEST_FAULTS = {
  'not-a-json-object': 400,
  'wrong-method': 405,
  'too-large': 413,
  'not-json': 415,
} as const;

export type RequestFault = keyof typeof REQUEST_FAULTS;

/** The problem `invalid-request` of such a request. */
export function refuseRequest(fault: RequestFault, headers: Readonly<Record<string, string>> = {}): Answer {
  return problemAnswer('invalid-request', {
    status: REQUEST_FAULTS[fault],
    members: { fault },
    headers,
  });
}

/** What no route has seen, since the server itself refuses it: any address can have it. By status. */
export const SERVER_FAULTS = {
  400: 'not-http',
  408: 'too-slow',
  413: 'too-large',
  417: 'unknown-expectation',
  431: 'headers-too-large',
  501: 'unknown-transfer-coding',
  505: 'unknown-version',
} as const satisfies Readonly<Record<ServerFault, string>>;

export const SERVER_STATUSES = Object.keys(SERVER_FAULTS).map(Number) as readonly ServerFault[];
export type ServerFaultName = (typeof SERVER_FAULTS)[ServerFault];

/** The problem of a request that the server itself refuses. */
export function refuseConnection(status: ServerFault): Answer {
  return problemAnswer('invalid-request', { status, members: { fault: SERVER_FAULTS[status] } });
}
