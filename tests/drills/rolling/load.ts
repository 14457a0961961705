/**
 * @module Constant load on one address: clients that keep their connection, and clients with a new one for every
 * request. Every answer is held, byte by byte, against the right one.
 *
 * Failure policy: whatever is not the right answer is a failure of its request, with its reason and times; the
 * client goes on. Nothing is tried a second time.
 */
import { Agent, request as httpRequest } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import { askAgain } from '../../../loadtest/bench/ask.ts';
import type { BenchRequest } from '../../../loadtest/bench/requests.ts';
import { lookupRequest } from '../../../loadtest/bench/requests.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import type { TestCandidate } from '../../helpers/batch.ts';
import { expectedMarks, fieldsOf } from '../../helpers/batch.ts';

/** A request and the bytes of its right answer. */
export interface Truth {
  readonly request: BenchRequest;
  readonly body: string;
}

/** Times that whoever is told "later" is asked. */
const MOST_ATTEMPTS = 21;

/**
 * Asks for every candidate and holds the answers against the slips.
 * @throws SetupError when one is wrong, or still "later" at the 21st time.
 */
export async function learnTruth(
  port: number,
  definition: SeriesDefinition,
  candidates: readonly TestCandidate[],
): Promise<Truth[]> {
  const requests = candidates.map((one) => lookupRequest(definition.id, fieldsOf(definition, one)));
  const truths: Truth[] = [];
  await askAgain(port, requests, MOST_ATTEMPTS, ({ status, body }, place, isLast) => {
    if (status === 503 && !isLast) return 'again';
    const [candidate, request] = [candidates[place], requests[place]];
    const isRight =
      status === 200 &&
      candidate !== undefined &&
      holds(JSON.parse(body), expectedMarks(definition, candidate));
    if (!isRight || request === undefined)
      throw new SetupError(`A wrong answer before any load: status ${status} ${problemIn(body)}.`);
    truths[place] = { request, body };
    return undefined;
  });
  return truths;
}

function holds(answer: unknown, expected: Record<string, unknown>): boolean {
  const given = answer as Record<string, unknown>;
  return Object.entries(expected).every(([name, value]) => isDeepStrictEqual(given[name], value));
}

export interface Failure {
  readonly why: string;
  /** Milliseconds of performance.now(). */
  readonly startedMs: number;
  readonly failedMs: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly truths: readonly Truth[];
  /** Clients that keep their connection until they are told to close it. */
  readonly kept: number;
  /** Clients with a new connection for every request. */
  readonly fresh: number;
  readonly seed: number;
}

export class Load {
  answered = 0;
  readonly failures: Failure[] = [];
  readonly #options: LoadOptions;
  readonly #clients: Promise<void>[];
  #isOver = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#clients = Array.from({ length: options.kept + options.fresh }, (_, n) => this.#client(n));
  }

  /** Requests that have had their end. */
  get requests(): number {
    return this.answered + this.failures.length;
  }

  /** Requests under way; a client always has one. */
  get underWay(): number {
    return this.#clients.length;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #client(n: number): Promise<void> {
    const { truths, kept, seed } = this.#options;
    const agent = new Agent({ keepAlive: n < kept, maxSockets: 1 });
    // Each client walks through all candidates from a place, and with a step, of its own.
    let place = (seed + n * 7919) % truths.length;
    while (!this.#isOver) {
      const truth = truths[place];
      place = (place + 1 + (n % 13)) % truths.length;
      if (truth === undefined) continue;
      const startedMs = performance.now();
      const why = await this.#ask(agent, truth);
      if (why === undefined) this.answered += 1;
      else this.failures.push({ why, startedMs, failedMs: performance.now() });
    }
    agent.destroy();
  }

  /** undefined when the answer is right; else why not. */
  async #ask(agent: Agent, { request, body }: Truth): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const sent = httpRequest({
      host: '127.0.0.1',
      port: this.#options.port,
      agent,
      method: request.method,
      path: request.path,
      headers: { ...request.headers, 'content-length': Buffer.byteLength(request.body) },
    });
    const fail = (fault: Error): void =>
      resolve('code' in fault && typeof fault.code === 'string' ? fault.code : fault.message);
    sent.setTimeout(10_000, () => sent.destroy(new Error('no answer within 10 s')));
    sent.once('error', fail);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', fail);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) resolve(`status ${response.statusCode} ${problemIn(text)}`);
        else resolve(text === body ? undefined : 'another answer');
      });
    });
    sent.end(request.body);
    return await promise;
  }
}

/**
 * Whether it is the answer of an instance that Redis kept waiting for 50 ms and then Postgres: an honest one, on a
 * machine with more to do than it can.
 */
export function isForWantOfTime({ why }: Failure): boolean {
  return why === 'status 503 temporarily-unavailable';
}

/** The last part of a problem's type, such as `overloaded`. */
function problemIn(text: string): string {
  return /"type":"[^"]*?([a-z-]+)"/.exec(text)?.[1] ?? 'without a reason';
}
