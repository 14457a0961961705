/**
 * One connection: requests are read, answered and followed by the next, one at a time.
 *
 * Failure policy: what is no proper request gets its status and the end of the connection. Slow requests, and
 * answers that nobody takes, are cut off (`expire`). A connection that is gone loses its answer and nothing else.
 * A program that throws or rejects, against its contract, costs its connection a bare 500 and nobody else anything.
 */
import type { Answer } from './answer.ts';
import { makeAnswerKind } from './answer.ts';
import { answerBytes } from './answer-bytes.ts';
import type { Endpoint, Peer, Program, ServerFault } from './endpoint.ts';
import { wholeBytes } from './endpoint.ts';
import type { RequestBody } from './request-body.ts';
import { ChunkedBody, SizedBody } from './request-body.ts';
import { RequestHead, parseRequestHead } from './request-head.ts';

/** What a runtime's socket must be able to do. */
export interface Wire {
  readonly remoteAddress: string | undefined;
  /**
   * Sends the first `size` bytes, or keeps what cannot be sent yet: a copy of it when they are SHARED_BYTES or fewer,
   * which may change afterwards.
   * @returns whether all of it has gone; if not, `drained` follows.
   */
  send(bytes: Buffer, size: number): boolean;
  /** Sends what an answer is to follow, before that. */
  sendAhead(bytes: Buffer): void;
  /** Says that no more follows, after what was sent. */
  finish(): void;
  /** Gone for us; what was sent still reaches the other side, if that takes it. */
  close(): void;
  /** Gone at once, with what was sent and not taken yet. */
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** What all connections of a server share. */
export interface Shared {
  readonly program: Program;
  readonly limits: ConnectionLimits;
  /** Milliseconds in which the server has run, as of the last sweep. */
  nowMs: number;
  /** As RFC 9110 wants it, as of the last sweep. */
  date: string;
  /** Answers end their connection. */
  isClosing: boolean;
}

export interface ConnectionLimits {
  readonly mostHeadBytes: number;
  /** For a request, from its first byte to its last, and for the first byte of a connection. */
  readonly requestWithinMs: number;
  /** Without a request. */
  readonly idleMs: number;
  /** For an answer, or the next piece of it, to be taken. */
  readonly takeWithinMs: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const CR = 13;
const LF = 10;
/** For the other side to take a last answer while what it still sends is thrown away. */
const LINGER_MS = 1_000;
/**
 * Of what is thrown away: beyond it the socket is paused. A sender that knows no end costs this much reading, not a
 * second of it, and on Node as much memory, which the collector takes back when it has 64 MB together.
 */
const MOST_THROWN_AWAY_BYTES = 1024 * 1024;
/** Input that is kept while an answer is under way; beyond it the socket is paused. */
const MOST_AHEAD_BYTES = 16 * 1024;
/** The words of the program's own 500 need the program. */
const FAILED: Answer = { kind: makeAnswerKind(500, {}), changing: {}, body: '' };

type State =
  /** Waiting for a head, or in it. */
  | 'head'
  | 'body'
  /** The program has the request. */
  | 'answering'
  /** The answer waits for the other side to take it. */
  | 'sending'
  /** The last answer is sent: input is thrown away until the other side has it. */
  | 'lingering'
  /** As good as gone; the system hands over what is left of the last answer. */
  | 'closing'
  | 'gone';

export class Connection implements Peer {
  readonly #wire: Wire;
  readonly #shared: Shared;
  #state: State = 'head';
  #input: Buffer = NOTHING;
  /** Of the input: no head ends before it. */
  #searched = 0;
  #head: RequestHead | undefined;
  /** The answer that is under way is one to HEAD. */
  #isForHead = false;
  #endpoint: Endpoint | undefined;
  #body: RequestBody | undefined;
  #isLast = false;
  #isPaused = false;
  #thrownAwayBytes = 0;
  /** The other side sends no more; what it sent before is answered. */
  #hasEnded = false;
  /** Has had an answer. */
  #isKept = false;
  #isAdvancing = false;
  #deadlineMs: number;
  readonly #answered = (answer: Answer): void => {
    try {
      this.#send(answer);
    } catch {
      this.#fail();
    }
  };
  readonly #failed = (): void => this.#fail();

  constructor(wire: Wire, shared: Shared) {
    this.#wire = wire;
    this.#shared = shared;
    this.#deadlineMs = shared.nowMs + shared.limits.requestWithinMs;
  }

  address(): string | undefined {
    return this.#wire.remoteAddress;
  }

  /** Whether no request is under way. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#input.length === 0;
  }

  /** Bytes have come. */
  received(bytes: Buffer): void {
    if (!this.#isReading && (!this.#isWaiting || this.#isLast)) {
      this.#thrownAwayBytes += bytes.length;
      if (this.#thrownAwayBytes > MOST_THROWN_AWAY_BYTES) this.#pause();
      return;
    }
    if (this.#isKept && this.isIdle)
      this.#deadlineMs = this.#shared.nowMs + this.#shared.limits.requestWithinMs;
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    this.#advance();
    if (this.#isWaiting && this.#input.length > MOST_AHEAD_BYTES) this.#pause();
  }

  /** What was kept of an answer has gone. */
  drained(): void {
    if (this.#state === 'sending') this.#next();
  }

  /** A piece of an answer has gone. */
  progressed(): void {
    if (this.#state === 'sending') this.#deadlineMs = this.#shared.nowMs + this.#shared.limits.takeWithinMs;
  }

  /** The other side sends no more. */
  ended(): void {
    this.#hasEnded = true;
    if (this.#isReading) this.#finish();
    else if (this.#state === 'lingering') this.#closeSoftly();
  }

  /** The socket is gone. */
  closed(): void {
    this.#state = 'gone';
    this.#input = NOTHING;
  }

  /**
   * Cuts off what has been too slow.
   * @param nowMs as in Shared.
   * @param isCrowded whether others need the place: a kept connection then waits for its next request no longer
   *   than a new one for its first.
   */
  expire(nowMs: number, isCrowded: boolean): void {
    const isKeptIdle = this.#isKept && this.isIdle;
    const { idleMs, requestWithinMs } = this.#shared.limits;
    const earlierMs = isCrowded && isKeptIdle ? Math.max(0, idleMs - requestWithinMs) : 0;
    if (nowMs < this.#deadlineMs - earlierMs) return;
    if (isKeptIdle) this.#finish();
    else if (this.#state === 'lingering') this.#closeSoftly();
    else if (this.#isReading && !this.isIdle) this.#refuseLate();
    else this.destroy();
  }

  /** Ends it: now when it is idle, else with its answer. */
  close(): void {
    if (this.isIdle) this.#finish();
    else this.#isLast = true;
  }

  destroy(): void {
    this.#state = 'gone';
    this.#wire.destroy();
  }

  get #isReading(): boolean {
    return this.#state === 'head' || this.#state === 'body';
  }

  get #isWaiting(): boolean {
    return this.#state === 'answering' || this.#state === 'sending';
  }

  /** Goes as far as the input allows. */
  #advance(): void {
    // An answer that is there at once is followed by the next request in this loop, not inside of itself.
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      let isMoved = true;
      while (isMoved && this.#isReading)
        isMoved = this.#state === 'head' ? this.#readHead() : this.#readBody();
    } catch {
      this.#fail();
    }
    this.#isAdvancing = false;
    if (!this.#isReading) return;
    if (this.#hasEnded) this.#finish();
    // Only now: with each answer, far more would come in than a request takes out.
    else this.#resume();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#wire.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#wire.resume();
  }

  /** @returns whether there is more to do. */
  #readHead(): boolean {
    // Line ends before a request line are to be ignored (RFC 9112, section 2.2).
    while (this.#input.length >= 2 && this.#input[0] === CR && this.#input[1] === LF)
      this.#input = this.#input.subarray(2);
    const { mostHeadBytes } = this.#shared.limits;
    const end = this.#input.indexOf(HEAD_END, Math.max(0, this.#searched - HEAD_END.length));
    if (end === -1) {
      this.#searched = this.#input.length;
      if (this.#input.length > mostHeadBytes) this.#refuse(431);
      return false;
    }
    this.#searched = 0;
    const head = end > mostHeadBytes ? 431 : parseRequestHead(this.#input, end);
    if (!(head instanceof RequestHead)) {
      this.#refuse(head);
      return false;
    }
    this.#begin(head, end + HEAD_END.length);
    return true;
  }

  /** @param bodyAt the body's beginning in the input. */
  #begin(head: RequestHead, bodyAt: number): void {
    const { program } = this.#shared;
    const endpoint = program.endpointOf(head);
    this.#head = head;
    this.#isLast ||= this.#shared.isClosing || !head.allowsKeeping;
    const refusal = endpoint.refusal(head);
    const { bodyLength } = head;
    const bodyEnd = bodyLength === 'chunked' ? Infinity : bodyAt + bodyLength;
    const isThere = bodyEnd <= this.#input.length;
    if (refusal !== undefined) {
      // A body that is still to come is not read: the connection ends with the answer.
      this.#isLast ||= !isThere;
      this.#input = this.#inputFrom(isThere ? bodyEnd : bodyAt);
      this.#answerWith(refusal);
      return;
    }
    if (bodyLength !== 'chunked' && bodyLength > endpoint.mostBodyBytes) {
      this.#refuse(413);
      return;
    }
    if (isThere) {
      const body = { bytes: this.#input, from: bodyAt, to: bodyEnd };
      this.#input = this.#inputFrom(bodyEnd);
      this.#answerWith(endpoint.answer(head, body, this));
      return;
    }
    this.#input = this.#inputFrom(bodyAt);
    if (head.expectsContinue) this.#wire.sendAhead(CONTINUE);
    this.#endpoint = endpoint;
    this.#body =
      bodyLength === 'chunked' ? new ChunkedBody(endpoint.mostBodyBytes) : new SizedBody(bodyLength);
    this.#state = 'body';
  }

  #inputFrom(at: number): Buffer {
    return at === this.#input.length ? NOTHING : this.#input.subarray(at);
  }

  #readBody(): boolean {
    const [head, endpoint, body] = [this.#head, this.#endpoint, this.#body];
    if (head === undefined || endpoint === undefined || body === undefined) return false;
    this.#input = this.#input.subarray(body.take(this.#input));
    const { state } = body;
    if (state === 'more') return false;
    this.#body = undefined;
    if (state === 'done') this.#answerWith(endpoint.answer(head, wholeBytes(body.bytes), this));
    else this.#refuse(state);
    return true;
  }

  #answerWith(answer: Answer | PromiseLike<Answer>): void {
    this.#state = 'answering';
    this.#deadlineMs = Infinity;
    // Thousands whose answer is held back would keep theirs long enough for the collector to move them.
    this.#isForHead = this.#head?.method === 'HEAD';
    this.#head = undefined;
    // Nor what nobody will read any more.
    if (this.#isLast) this.#input = NOTHING;
    if ('kind' in answer) this.#send(answer);
    else void answer.then(this.#answered, this.#failed);
  }

  #refuse(fault: ServerFault): void {
    this.#isLast = true;
    this.#answerWith(this.#shared.program.refuse(fault));
  }

  #refuseLate(): void {
    try {
      this.#refuse(408);
    } catch {
      this.#fail();
    }
  }

  /** After a fault of the program, which may be anywhere but after the answer. */
  #fail(): void {
    if (!this.#isReading && this.#state !== 'answering') {
      this.destroy();
      return;
    }
    this.#isLast = true;
    this.#state = 'answering';
    try {
      this.#send(FAILED);
    } catch {
      this.destroy();
    }
  }

  #send(answer: Answer): void {
    if (this.#state !== 'answering') return;
    this.#shared.program.onAnswer(answer);
    this.#isLast ||= this.#shared.isClosing;
    const { bytes, size } = answerBytes(answer, {
      date: this.#shared.date,
      isLast: this.#isLast,
      isForHead: this.#isForHead,
    });
    this.#state = 'sending';
    const hasGone = this.#wire.send(bytes, size);
    if (this.#state !== 'sending') return;
    if (hasGone) this.#next();
    else this.progressed();
  }

  /** After an answer. */
  #next(): void {
    if (this.#isLast) {
      this.#finish();
      return;
    }
    this.#state = 'head';
    this.#isKept = true;
    const { nowMs, limits } = this.#shared;
    const hasMore = this.#input.length > 0;
    this.#deadlineMs = nowMs + (hasMore ? limits.requestWithinMs : limits.idleMs);
    if (hasMore || this.#hasEnded || this.#isPaused) this.#advance();
  }

  /** Ended at once, what the other side has sent and nobody read would reset the connection, its answer with it. */
  #finish(): void {
    this.#state = 'lingering';
    this.#input = NOTHING;
    this.#deadlineMs = this.#shared.nowMs + LINGER_MS;
    this.#resume();
    this.#wire.finish();
    if (this.#hasEnded) this.#closeSoftly();
  }

  #closeSoftly(): void {
    this.#state = 'closing';
    this.#deadlineMs = this.#shared.nowMs + this.#shared.limits.takeWithinMs;
    this.#wire.close();
  }
}
