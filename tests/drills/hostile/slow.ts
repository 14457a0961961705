/**
 * @module A crowd of connections that take as long as they are let: a byte a second, nothing at all, answers that
 * nobody reads. Each that is ended makes place for the next, so that there are always as many.
 *
 * Failure policy: one that is not ended in time, or gets an answer other than 408, is a fault of the tally; so is
 * a connection that is refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../../service/http1/server.ts';
import type { RawClient } from '../../helpers/http1-client.ts';
import { connectTo, request } from '../../helpers/http1-client.ts';
import { until } from '../../helpers/until.ts';
import { Tally } from './tally.ts';

interface Kind {
  readonly what: string;
  readonly first: string;
  /** Sent byte by byte, over and over; undefined: nothing more. */
  readonly drip?: string;
  /** Asks for a lot and takes nothing of it. */
  readonly isReader?: true;
}

export interface SlowCrowd {
  /** Resolves when all of them stand for the first time. */
  readonly complete: Promise<void>;
  readonly tally: Tally;
  /** Most connections that stood at once. */
  readonly most: () => number;
  readonly stop: () => Promise<void>;
}

/** How late a limit may be, on a machine that does all this at once. */
const LATE_MS = 3_000;
const TICK_MS = 100;
/** Each has its turn once a second. */
const TURNS = 10;
/** Each is some 30 answers until the system's room for them is full: more readers would be a flood of requests. */
const READER_EVERY = 100;
/** More at once could overflow what the system keeps until they are accepted. */
const BATCH = 200;

/** @param path of a lookup. */
export function startSlowCrowd(port: number, path: string, size: number): SlowCrowd {
  const tally = new Tally();
  const kinds = kindsFor(path);
  const crowd = new Map<RawClient, { readonly kind: Kind; sent: number }>();
  const over = new AbortController();
  let most = 0;
  let turn = 0;
  const drip = setInterval(() => {
    turn += 1;
    let i = 0;
    for (const [client, slow] of crowd) {
      const { drip: text } = slow.kind;
      i += 1;
      if (text === undefined || i % TURNS !== turn % TURNS) continue;
      client.send(text[slow.sent % text.length] ?? '');
      slow.sent += 1;
    }
  }, TICK_MS);

  const keep = async (place: number): Promise<void> => {
    for (let n = place; !over.signal.aborted; n += 1) {
      const kind = place % READER_EVERY === 0 ? reader : kinds[n % kinds.length];
      const client = await connectTo(port).catch(() => undefined);
      if (client === undefined || kind === undefined) {
        tally.fault('a connection was refused');
        await sleep(500);
        continue;
      }
      crowd.set(client, { kind, sent: 0 });
      most = Math.max(most, crowd.size);
      await outlast(client, kind, { tally, stop: over.signal });
      crowd.delete(client);
      client.destroy();
    }
  };

  const keepers: Promise<void>[] = [];
  const fill = async (): Promise<void> => {
    for (let n = 0; n < size && !over.signal.aborted; n += 1) {
      keepers.push(keep(n));
      if (n % BATCH === BATCH - 1) await sleep(TICK_MS);
    }
    await until('all of them stand', () => most >= size || over.signal.aborted);
  };
  const complete = fill();
  return {
    complete,
    tally,
    most: () => most,
    stop: async () => {
      clearInterval(drip);
      over.abort();
      await complete;
      await Promise.all(keepers);
    },
  };
}

/** Until the other side ends the connection, or should have, or the drill is over. */
async function outlast(
  client: RawClient,
  kind: Kind,
  { tally, stop }: { tally: Tally; stop: AbortSignal },
): Promise<void> {
  if (kind.isReader === true) client.socket.pause();
  if (kind.first !== '') client.send(kind.first);
  const limitMs = kind.isReader === true ? LIMITS.takeWithinMs : LIMITS.requestWithinMs;
  if (kind.isReader === true) {
    // Who reads nothing does not see the end either.
    await quietly(sleep(limitMs + LATE_MS, undefined, { signal: stop }));
    client.socket.resume();
  }
  const patience = new AbortController();
  const signal = AbortSignal.any([stop, patience.signal]);
  const isEnded = await Promise.race([
    client.over.then(() => true),
    quietly(sleep(kind.isReader === true ? LATE_MS : limitMs + LATE_MS, undefined, { signal })).then(
      () => false,
    ),
  ]);
  patience.abort();
  if (stop.aborted) return;
  tally.count += 1;
  if (!isEnded) tally.fault(`one that ${kind.what} was not ended within ${limitMs + LATE_MS} ms`);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(client.rest.toString('latin1', 0, 12))?.[1] ?? 0);
  tally.seen(status);
  if (status !== 0 && status !== (kind.isReader === true ? 200 : 408))
    tally.fault(`one that ${kind.what} was answered ${status}`);
}

/** An end of the wait before its time is none either. */
function quietly(wait: Promise<void>): Promise<void> {
  return wait.catch(() => {});
}

const reader: Kind = {
  what: 'reads nothing',
  first: request('GET /openapi.json').repeat(200),
  isReader: true,
};

function kindsFor(path: string): readonly Kind[] {
  const json = 'Content-Type: application/json';
  const chunked = (body: string): string =>
    request(`POST ${path}`, [json, 'Transfer-Encoding: chunked'], body);
  return [
    { what: 'says nothing', first: '' },
    { what: 'stops within a head', first: `POST ${path} HTTP/1.1\r\nHost: a\r\nx` },
    { what: 'trickles a head', first: `POST ${path} HTTP/1.1\r\nHost: a\r\nx: `, drip: 'a' },
    { what: 'trickles a body', first: request(`POST ${path}`, [json, 'Content-Length: 5000']), drip: ' ' },
    { what: 'trickles chunks', first: chunked(''), drip: '1\r\n \r\n' },
    { what: 'trickles an extension', first: chunked('1;'), drip: 'x' },
    { what: 'trickles trailers', first: chunked('0\r\na:'), drip: 'x' },
  ];
}
