/**
 * What a request can lack before its credentials are looked at: one table for the answers and for
 * the API's description.
 */
import { problemResponse } from './problems.ts';

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
export function refuseRequest(fault: RequestFault, headers: Readonly<Record<string, string>> = {}): Response {
  return problemResponse('invalid-request', {
    status: REQUEST_FAULTS[fault],
    members: { fault },
    headers,
  });
}
