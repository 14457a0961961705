/**
 * What the server asks of the program.
 */
import type { Answer } from './answer.ts';
import type { HeadFault, RequestHead } from './request-head.ts';

/** What knows where a request comes from. */
export interface Peer {
  /** The socket's other end; undefined when it is gone. */
  address(): string | undefined;
}

/** What answers a kind of requests. */
export interface Endpoint {
  /** Longer bodies are refused before they are read. */
  readonly mostBodyBytes: number;
  /** An answer that needs no body; undefined: the body is read. */
  refusal(head: RequestHead): Answer | PromiseLike<Answer> | undefined;
  /** The answer to a request; never rejects. */
  answer(head: RequestHead, body: Buffer, peer: Peer): Answer | PromiseLike<Answer>;
}

/** Why the server refuses what is no request for an endpoint: 408 came too slowly, 413 is too large. */
export type ServerFault = HeadFault | 408 | 413;

export interface Program {
  endpointOf(head: RequestHead): Endpoint;
  refuse(fault: ServerFault): Answer;
  /** Told of each answer before it goes out. */
  onAnswer(answer: Answer): void;
}
