/**
 * What the server asks: lookups at once, everything else through an application.
 */
import type { Answer } from '../http1/answer.ts';
import { answerFromResponse } from '../http1/answer.ts';
import type { Endpoint, Peer, Program } from '../http1/endpoint.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { seriesIdOf } from './lookup-endpoint.ts';
import { refuseConnection } from './request-faults.ts';

export type Fetch = (request: Request, peer: Peer) => Response | Promise<Response>;

export interface ProgramDeps {
  /** An application; its faults are its own to answer. */
  readonly fetch: Fetch;
  /** undefined: lookups go through the application, too. */
  readonly lookups?: Endpoint | undefined;
  readonly onAnswer?: (answer: Answer) => void;
}

export function createProgram({ fetch, lookups, onAnswer = () => {} }: ProgramDeps): Program {
  const application = applicationEndpoint(fetch);
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
/** What a Request cannot have, and nothing of ours answers: asked for under another name, it is refused as such. */
const UNASKABLE = new Set(['CONNECT', 'TRACE', 'TRACK']);

function applicationEndpoint(fetch: Fetch): Endpoint {
  return {
    mostBodyBytes: MOST_BODY_BYTES,
    refusal: () => undefined,
    answer: async (head, body, peer) => answerFromResponse(await fetch(requestOf(head, body), peer)),
  };
}

function requestOf(head: RequestHead, body: Buffer): Request {
  const { method, target } = head;
  return new Request(ORIGIN + target, {
    method: UNASKABLE.has(method) ? `X-${method}` : method,
    headers: head.headers(),
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: body as Buffer<ArrayBuffer> }),
  });
}
