/**
 * What the server asks: lookups at once, everything else through an application.
 */
import type { Logger } from '#lookup/observer.ts';
import type { Answer } from '../http1/answer.ts';
import { answerFromResponse } from '../http1/answer.ts';
import type { BodyBytes, Endpoint, Peer, Program } from '../http1/endpoint.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { unexpectedFault } from './lookup-answer.ts';
import { seriesIdOf } from './lookup-endpoint.ts';
import { refuseConnection } from './request-faults.ts';

export type Fetch = (request: Request, peer: Peer) => Response | Promise<Response>;

export interface ProgramDeps {
  readonly fetch: Fetch;
  readonly log: Logger;
  /** undefined: lookups go through the application, too. */
  readonly lookups?: Endpoint | undefined;
  readonly onAnswer?: (answer: Answer) => void;
}

export function createProgram({ fetch, log, lookups, onAnswer = () => {} }: ProgramDeps): Program {
  const application = applicationEndpoint(fetch, log);
  return {
    endpointOf: (head) =>
      lookups !== undefined && seriesIdOf(head.target) !== undefined ? lookups : application,
    refuse: refuseConnection,
    onAnswer,
  };
}

/** Nobody of ours sends more; the page's forms and the official account's messages are far below. */
const MOST_BODY_BYTES = 64 * 1024;
/** The application looks at the path alone; what a client writes into Host goes nowhere. */
const ORIGIN = 'http://fangbang';
/** The methods that a Request can have on both runtimes: of another Bun makes GET, and Node refuses some. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
/** In the place of others: nothing of ours takes it, so that it is refused as they are. */
const NOBODYS_METHOD = 'PATCH';

function applicationEndpoint(fetch: Fetch, log: Logger): Endpoint {
  return {
    mostBodyBytes: MOST_BODY_BYTES,
    refusal: () => undefined,
    async answer(head, body, peer) {
      try {
        return await answerFromResponse(await fetch(requestOf(head, body), peer));
      } catch (error) {
        return unexpectedFault(error, log);
      }
    },
  };
}

function requestOf(head: RequestHead, { bytes, from, to }: BodyBytes): Request {
  const { method, target } = head;
  return new Request(ORIGIN + target, {
    method: KNOWN_METHODS.has(method) ? method : NOBODYS_METHOD,
    headers: head.headers(),
    ...(method === 'GET' || method === 'HEAD'
      ? {}
      : { body: bytes.subarray(from, to) as Buffer<ArrayBuffer> }),
  });
}
