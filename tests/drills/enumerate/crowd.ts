/**
 * @module Many kept connections to several instances that ask at the same moment, each with a proof of work when
 * one is asked for.
 *
 * Failure policy: an answer that does not come rejects; nothing here is expected to fail.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { solve, type Challenge } from '../../helpers/proof-of-work.ts';
import { lookupRequest, rawRequest } from '../../../loadtest/bench/requests.ts';
import type { RawAnswer } from '../common/kept-connection.ts';
import { KeptConnection } from '../common/kept-connection.ts';

export interface Ask {
  readonly fields: Readonly<Record<string, string>>;
  /** For X-Forwarded-For. */
  readonly from: string;
  /** Value of Cookie. */
  readonly cookie?: string;
}

/** By the problem's name; `found` and `unreadable` besides. */
export type Answers = Map<string, number>;

const NO_WORD = new Set([408, 503]);
const VERDICT = 'candidate-not-found';
const MOST_TRIES = 20;
const ASK_AGAIN_MS = 300;

export class Crowd {
  readonly #series: string;
  /** Answers that were no word of the limits, so far. */
  askedAgain = 0;
  readonly #ports: readonly number[];
  /** Opened when first used: Node cuts off a connection that says nothing for 5 s. */
  readonly #connections: (KeptConnection | undefined)[];

  /** So many connections, spread over the instances. */
  constructor(series: string, urls: readonly string[], size: number) {
    this.#series = series;
    this.#ports = urls.map((url) => Number(new URL(url).port));
    this.#connections = Array.from({ length: size });
  }

  /**
   * One at a time, by the connection of this number. A 503 is no word of the limits, nor is a 408 of Node's own when
   * it has no time to read: it is asked again, as the page does and as an attacker would.
   */
  async ask(one: Ask, place = 0, withProof = true): Promise<RawAnswer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#askOnce(one, place, withProof);
      if (!NO_WORD.has(answer.status) || tries === MOST_TRIES) return answer;
      this.askedAgain += 1;
      await sleep(ASK_AGAIN_MS);
    }
  }

  async #askOnce(one: Ask, place: number, withProof: boolean): Promise<RawAnswer> {
    const connection = await this.#connection(place % this.#connections.length);
    const headers = {
      'x-forwarded-for': one.from,
      ...(one.cookie === undefined ? {} : { cookie: one.cookie }),
    };
    const answer = await connection.ask(rawRequest(lookupRequest(this.#series, one.fields, headers)));
    const challenge = withProof ? challengeOf(answer) : undefined;
    if (challenge === undefined) return answer;
    const proven = { ...headers, 'fangbang-proof': solve(challenge) };
    return await connection.ask(rawRequest(lookupRequest(this.#series, one.fields, proven)));
  }

  /** All of them, as many at once as there are connections; each connection goes on with the next that waits. */
  async askAll(
    asks: Iterable<Ask>,
    {
      stop,
      withProof = true,
      verdictsAtMs,
    }: {
      stop: AbortSignal;
      withProof?: boolean;
      /** Takes when each verdict came. */ verdictsAtMs?: number[];
    },
  ): Promise<Answers> {
    const startedMs = performance.now();
    const answers: Answers = new Map();
    const waiting = asks[Symbol.iterator]();
    const worker = async (place: number): Promise<void> => {
      for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
        stop.throwIfAborted();
        const name = nameOf(await this.ask(next.value, place, withProof));
        if (name === VERDICT) verdictsAtMs?.push(performance.now() - startedMs);
        answers.set(name, (answers.get(name) ?? 0) + 1);
      }
    };
    await Promise.all(this.#connections.map((_, place) => worker(place)));
    return answers;
  }

  leave(): void {
    for (const connection of this.#connections) connection?.close();
  }

  async #connection(place: number): Promise<KeptConnection> {
    const kept = this.#connections[place];
    if (kept?.isOpen === true) return kept;
    const opened = await KeptConnection.open(this.#ports[place % this.#ports.length] ?? 0);
    this.#connections[place] = opened;
    return opened;
  }
}

/** `found`, or the name of the problem. */
export function nameOf({ status, body }: RawAnswer): string {
  if (status === 200) return 'found';
  return /"urn:fangbang:problem:([a-z-]+)"/.exec(body)?.[1] ?? 'unreadable';
}

/** "5 × candidate-not-found, …" */
export function listed(answers: Answers): string {
  return [...answers].map(([name, count]) => `${count} × ${name}`).join(', ');
}

function challengeOf({ status, body }: RawAnswer): Challenge | undefined {
  if (status !== 429) return undefined;
  const { challenge } = JSON.parse(body) as { challenge?: Challenge };
  return challenge;
}
