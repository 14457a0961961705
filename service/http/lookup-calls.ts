/**
 * Lookups as the API takes them: a POST of JSON, at most 8 KB, credentials in the body alone. Asked by the
 * server at once (lookup-endpoint.ts), and by the application (lookup-route.ts).
 */
import type { Answer } from '../http1/answer.ts';
import type { BodyBytes, Peer } from '../http1/endpoint.ts';
import type { Admission } from './admission.ts';
import type { CallerOf, RequestFacts } from './caller.ts';
import type { AnswerLookup } from './lookup-answer.ts';
import { overloaded } from './lookup-answer.ts';
import { readJsonFields } from './json-fields.ts';
import { refuseRequest } from './request-faults.ts';

export interface LookupCallsDeps {
  readonly answerLookup: AnswerLookup;
  readonly admission: Admission;
  readonly callerOf: CallerOf;
}

export interface LookupCalls {
  /** An answer that needs no body; undefined: the body may be read. */
  refusal(request: RequestFacts & { readonly method: string }): Answer | PromiseLike<Answer> | undefined;
  /** The answer to a body; never rejects. */
  answer(
    seriesId: string,
    body: BodyBytes,
    request: RequestFacts,
    peer: Peer | undefined,
  ): Answer | PromiseLike<Answer>;
}

export function createLookupCalls({ answerLookup, admission, callerOf }: LookupCallsDeps): LookupCalls {
  return {
    refusal(request) {
      // Credentials never travel in a URL: whatever GET brings along is not even looked at.
      if (request.method !== 'POST') return refuseRequest('wrong-method', { allow: 'POST' });
      if (!isJson(request.header('content-type'))) return refuseRequest('not-json');
      return admission.isFull ? overloaded(admission) : undefined;
    },
    answer(seriesId, body, request, peer) {
      const fields = readJsonFields(body);
      return fields === undefined
        ? refuseRequest('not-a-json-object')
        : answerLookup(seriesId, fields, callerOf(request, peer));
    },
  };
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json\s*(?:;|$)/i.test(contentType);
}
