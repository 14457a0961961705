/**
 * @module Requests that two programs in a row could read in two ways, each with another request behind it that
 * would be answered if it were read.
 *
 * Failure policy: an answer too many, another one than the refusal, or a connection that goes on, is a fault of the
 * tally; so is one that neither ends nor answers.
 */
import fc from 'fast-check';
import { MOST_LOOKUP_BYTES } from '../../../service/http/request-faults.ts';
import type { RawClient } from '../../helpers/http1-client.ts';
import { connectTo, request } from '../../helpers/http1-client.ts';
import { mutatedRequests } from '../../helpers/http1-mutations.ts';
import { REFUSED_HEADS, refusedChunks } from '../../helpers/http1-refused.ts';
import { startTwoParsers } from '../../helpers/http1-two-parsers.ts';
import { Tally, inParallel } from './tally.ts';

const AT_ONCE = 8;
const WITHIN_MS = 10_000;
/** Answered by the server itself, whatever the program. */
const SERVER_REFUSALS: ReadonlySet<number> = new Set([400, 413, 417, 431, 501, 505]);

/** The corpus: each is refused, and what follows it is not read. @param path of a lookup. */
export async function smuggleKnown(port: number, path: string, stop: AbortSignal): Promise<Tally> {
  const tally = new Tally();
  const behind = request('GET /openapi.json');
  const chunked = request(`POST ${path}`, ['Content-Type: application/json', 'Transfer-Encoding: chunked']);
  const corpus = [
    // Nothing before a request is a line end too many, which is to be ignored.
    ...REFUSED_HEADS.filter(([, , text]) => text !== '').map(
      ([what, status, text]) => [what, status, `${text}\r\n\r\n${behind}`] as const,
    ),
    ...refusedChunks(MOST_LOOKUP_BYTES).map(
      ([what, status, text]) => [what, status, `${chunked}${text}${behind}`] as const,
    ),
  ];
  await inParallel(corpus, AT_ONCE, stop, async ([what, status, text]) => {
    tally.count += 1;
    const client = await connectTo(port).catch(() => undefined);
    if (client === undefined) return tally.fault('a connection was refused');
    await within(client, async () => {
      const answer = await client.send(text).answer();
      tally.seen(answer.status);
      if (answer.status !== status) tally.fault(`${what}: ${answer.status} in the place of ${status}`);
      await client.over;
      if (client.rest.length > 0) tally.fault(`${what}: what followed was answered, too`);
    }).catch((fault: Error) => tally.fault(`${what}: ${fault.message}`));
  });
  return tally;
}

/**
 * Generated ones: the running service answers what its parser reads, and nothing besides. That another parser reads
 * the same is held by tests/unit/http1-same-reading.test.ts.
 */
export async function smuggleMutated(
  port: number,
  { seed, count, stop }: { seed: number; count: number; stop: AbortSignal },
): Promise<Tally> {
  const tally = new Tally();
  const parsers = await startTwoParsers();
  try {
    for (const bytes of fc.sample(mutatedRequests, { seed, numRuns: count })) {
      if (stop.aborted) break;
      tally.count += 1;
      const { ours } = await parsers.read(bytes);
      const client = await connectTo(port).catch(() => undefined);
      if (client === undefined) {
        tally.fault('a connection was refused');
        continue;
      }
      client.send(bytes).socket.end();
      await within(client, () => compare(client, ours, tally)).catch((fault: Error) =>
        tally.fault(fault.message.replace(/, after: [^]*/, '')),
      );
    }
  } finally {
    await parsers.close();
  }
  return tally;
}

async function compare(
  client: RawClient,
  ours: readonly { readonly method: string }[],
  tally: Tally,
): Promise<void> {
  for (const { method } of ours) {
    const { status } = await finalAnswer(client, method);
    tally.seen(status);
    if (status >= 500) tally.fault(`status ${status}`);
  }
  await client.over;
  while (client.rest.length > 0) {
    const { status, headers } = await client.answer();
    // A word that the body may come, and the body did not.
    if (status < 200) continue;
    tally.seen(status);
    if (!SERVER_REFUSALS.has(status) || headers['connection'] !== 'close')
      tally.fault(`an answer too many, ${status}`);
  }
}

/** The one after a word that the body may come. */
async function finalAnswer(client: RawClient, method?: string): ReturnType<RawClient['answer']> {
  const answer = await client.answer(method);
  return answer.status >= 200 ? answer : await client.answer(method);
}

/** Ends the connection afterwards, and when it takes too long, so that whoever waits for it sees that. */
async function within(client: RawClient, work: () => Promise<void>): Promise<void> {
  const timer = setTimeout(() => client.destroy(), WITHIN_MS);
  try {
    await work();
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
