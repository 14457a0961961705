/**
 * @module Generated requests over kept connections; every answer is held against the service's own description, and
 * every slip against the credentials that it was given for.
 *
 * Failure policy: an answer that is not described, a 5xx that is not an honest 503, a slip for anybody else, or no
 * answer within 10 s, is a fault of the tally.
 */
import { isDeepStrictEqual } from 'node:util';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import { expectedMarks, fieldsOf, type TestCandidate } from '../../helpers/batch.ts';
import { connectTo, type RawAnswer, type RawClient } from '../../helpers/http1-client.ts';
import { fetchOpenApi, makeContract, type Contract } from '../../helpers/openapi.ts';
import { address } from '../common/guesses.ts';
import type { ApiCase } from './cases.ts';
import { apiCases } from './cases.ts';
import { Tally, inParallel } from './tally.ts';

export interface ApiTarget {
  readonly url: string;
  readonly definition: SeriesDefinition;
  /** Whose credentials are sent: nobody else's, whose counters of wrong attempts they would close. */
  readonly candidates: readonly TestCandidate[];
}

/** What is sent counts here, not how much at a time: for that there is drill:overload. */
const AT_ONCE = 4;
const WITHIN_MS = 10_000;
/** Cases are made in portions: ten thousand at once would hold up the honest visitors of the same process. */
const PORTION = 200;
const LOOKUP = 'POST /v1/series/{seriesId}/lookup';

export async function askGenerated(
  target: ApiTarget,
  { seed, count, stop }: { seed: number; count: number; stop: AbortSignal },
): Promise<Tally> {
  const { url, definition, candidates } = target;
  const document = await fetchOpenApi(url);
  const contract = makeContract(document);
  const known = {
    paths: document.paths,
    series: [definition.id],
    candidates: candidates.map((one) => fieldsOf(definition, one)),
  };
  const tally = new Tally();
  const lines = Array.from({ length: AT_ONCE }, () => new Line(Number(new URL(url).port)));
  for (let from = 0; from < count && !stop.aborted; from += PORTION) {
    const cases = apiCases(known, { seed: seed + from, count: Math.min(PORTION, count - from) });
    await inParallel(cases, AT_ONCE, stop, async (one, place) => {
      tally.count += 1;
      const line = lines.pop();
      if (line === undefined) throw new Error('more cases at once than lines');
      try {
        // Each from an address of its own, so that most are not asked for a proof of work.
        const answer = await line.ask(one, address(seed + from + place));
        tally.seen(answer.status);
        for (const fault of faultsOf(one, answer, { contract, target })) tally.fault(fault);
      } catch (fault) {
        tally.seen(0);
        tally.fault(
          `${one.operation ?? one.method}: ${(fault as Error).message.replace(/, after: [^]*/, '')}`,
        );
      }
      lines.push(line);
    });
  }
  for (const line of lines) line.close();
  return tally;
}

function faultsOf(
  one: ApiCase,
  answer: RawAnswer,
  { contract, target }: { contract: Contract; target: ApiTarget },
): string[] {
  const { status } = answer;
  const text = answer.body.toString();
  const name = one.operation ?? `${one.method} of something else`;
  if (status === 200 && one.operation === LOOKUP && !isOwnSlip(one, text, target))
    return [`${name}: a slip that is not the one that was asked for`];
  if (one.operation === undefined)
    return status >= 500 && status !== 503 ? [`${name}: an unexpected ${status}`] : [];
  try {
    const seen = { status, headers: new Headers(answer.headers), text };
    return contract.faultsOf(one.operation, seen).map((fault) => `${name}: ${status}: ${fault}`);
  } catch {
    return [`${name}: ${status}: the answer is no JSON`];
  }
}

/** Whether the slip is whole, and all of its credentials were sent. */
function isOwnSlip(one: ApiCase, text: string, { definition, candidates }: ApiTarget): boolean {
  const slip = JSON.parse(text) as Record<string, unknown> & { candidate: { number: string } };
  const candidate = candidates.find(
    ({ slip: { candidateNumber } }) => candidateNumber === slip.candidate.number,
  );
  if (candidate === undefined) return false;
  const expected = expectedMarks(definition, candidate);
  const given = Object.fromEntries(Object.keys(expected).map((key) => [key, slip[key]]));
  // As they were sent: full-width digits, spaces and small letters are put right by the service.
  const sent = JSON.stringify(JSON.parse(one.body.toString()))
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '');
  const credentials = Object.values(fieldsOf(definition, candidate));
  return isDeepStrictEqual(given, expected) && credentials.every((credential) => sent.includes(credential));
}

/** A connection that is kept as long as the service keeps it. */
class Line {
  readonly #port: number;
  #client: RawClient | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async ask(one: ApiCase, from: string): Promise<RawAnswer> {
    const client = (this.#client ??= await connectTo(this.#port));
    const timer = setTimeout(() => client.destroy(), WITHIN_MS);
    try {
      const answer = await client.send(bytesOf(one, from)).answer(one.method);
      if (answer.headers['connection'] === 'close') this.close();
      return answer;
    } catch (fault) {
      this.close();
      throw fault;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }
}

function bytesOf({ method, target, headers, body }: ApiCase, from: string): Buffer {
  const all = [['host', 'a'], ['x-forwarded-for', from], ...headers, ['content-length', String(body.length)]];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`, 'latin1'), body]);
}
