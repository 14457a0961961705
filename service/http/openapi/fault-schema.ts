/**
 * Member `fault` of the problem `invalid-request`. The compiler holds these tables to the faults that
 * the program can give: none is missing, none is too much.
 */
import { z } from 'zod';
import type { MatchedCredentials } from '#results/credentials.ts';
import { MOST_HEADERS } from '../../http1/request-head.ts';
import { LIMITS } from '../../http1/server.ts';
import type { RequestFault, ServerFaultName } from '../request-faults.ts';

type CredentialFaultName = Extract<MatchedCredentials, { ok: false }>['fault'];

export const FAULTS: Readonly<Record<RequestFault | ServerFaultName | CredentialFaultName, string>> = {
  'not-a-json-object': 'the body is no JSON object',
  'wrong-method': 'the address takes other methods; see `Allow`',
  'too-large': 'the body is too large',
  'not-json': 'the body is not declared as `application/json`',
  'not-http': 'the request is no HTTP, or could be read in more than one way',
  'too-slow': `the request was not whole ${LIMITS.requestWithinMs / 1_000} s after its first byte`,
  'unknown-expectation': '`Expect` has something else than `100-continue`',
  'headers-too-large': `there are more than ${MOST_HEADERS} headers, or they and the request line have more than ${LIMITS.mostHeadBytes} bytes`,
  'unknown-transfer-coding': '`Transfer-Encoding` has something else than `chunked`',
  'unknown-version': 'the version of HTTP is neither 1.1 nor 1.0',
  'no-such-set': 'the fields are not exactly those of one of the credential sets',
  'not-text': 'the value is no text',
  empty: 'nothing is left of the value without its spaces',
  'too-long': 'no credential is so long',
  'control-character': 'the value has a control character or half a character',
  'pattern-mismatch': 'the value does not match the pattern of `GET /v1/series`',
  'letter-for-digit': 'the value has O, I or L where digits belong',
  'scientific-notation': 'the value is what a spreadsheet makes of a long number',
  'not-a-document-number': 'no identity document that occurs has such a number',
  'wrong-check-character': 'a digit of the identity number is wrong or two have changed places',
  'impossible-birth-date': 'the identity number holds no date',
  'old-15-digit-number': 'identity numbers have 18 characters since 2013',
};

export const faultSchema = z.enum(Object.keys(FAULTS)).describe(
  Object.entries(FAULTS)
    .map(([name, words]) => `- \`${name}\`: ${words}.`)
    .join('\n'),
);
