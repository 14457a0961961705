/**
 * One kept connection to an instance, one request at a time; any method, and when each answer came.
 *
 * Failure policy: an answer that breaks off or does not come within 10 s rejects; the next request opens another
 * connection.
 */
import type { BenchRequest } from '../../../loadtest/bench/requests.ts';
import { rawRequest } from '../../../loadtest/bench/requests.ts';
import type { RawAnswer, RawClient } from '../../helpers/http1-client.ts';
import { connectTo } from '../../helpers/http1-client.ts';

/** Of BenchRequest, and HEAD. */
export type AnyRequest = Omit<BenchRequest, 'method'> & { readonly method: 'GET' | 'POST' | 'HEAD' };

export interface TimedAnswer extends RawAnswer {
  /** Milliseconds by performance.now. */
  readonly sentMs: number;
  readonly receivedMs: number;
}

const ANSWER_WITHIN_MS = 10_000;

export class Asker {
  readonly #port: number;
  #client: RawClient | undefined;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  async ask(request: AnyRequest): Promise<TimedAnswer> {
    const client = (this.#client ??= await this.#connect());
    const sentMs = performance.now();
    try {
      const { method } = request;
      const raw = rawRequest({ ...request, method: method === 'HEAD' ? 'GET' : method });
      client.send(Buffer.from(method === 'HEAD' ? raw.replace(/^GET/, 'HEAD') : raw));
      const answer = await client.answer(method);
      if (answer.headers['connection'] === 'close') this.close();
      return { ...answer, sentMs, receivedMs: performance.now() };
    } catch (fault) {
      this.close();
      throw fault;
    }
  }

  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  async #connect(): Promise<RawClient> {
    const client = await connectTo(this.#port);
    client.socket.setNoDelay(true);
    client.socket.setTimeout(ANSWER_WITHIN_MS, () => client.destroy());
    return client;
  }
}
