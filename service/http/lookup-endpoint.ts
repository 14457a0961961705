/**
 * Lookups straight from the server, past the application and its Request and Response: they are the requests
 * of the one minute that counts.
 */
import type { Endpoint } from '../http1/endpoint.ts';
import type { LookupCalls } from './lookup-calls.ts';
import { MOST_LOOKUP_BYTES } from './request-faults.ts';

const BEFORE_ID = '/v1/series/';
const AFTER_ID = '/lookup';
const PLAIN_ID = /^[A-Za-z0-9._~-]+$/;

let lastTarget = '';
let lastId: string | undefined;

/** The series of a lookup's address; undefined: another address, or one that only the application can read. */
export function seriesIdOf(target: string): string | undefined {
  // Asked twice for each lookup, and nearly all are of one series.
  if (target !== lastTarget) {
    lastTarget = target;
    lastId = readSeriesId(target);
  }
  return lastId;
}

function readSeriesId(target: string): string | undefined {
  if (!target.startsWith(BEFORE_ID) || !target.endsWith(AFTER_ID)) return undefined;
  const id = target.slice(BEFORE_ID.length, -AFTER_ID.length);
  return PLAIN_ID.test(id) ? id : undefined;
}

export function lookupEndpoint(lookups: LookupCalls): Endpoint {
  return {
    mostBodyBytes: MOST_LOOKUP_BYTES,
    refusal: (head) => lookups.refusal(head),
    answer: (head, body, peer) => lookups.answer(seriesIdOf(head.target) ?? '', body, head, peer),
  };
}
