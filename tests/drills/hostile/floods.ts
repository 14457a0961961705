/**
 * @module Bodies of a gigabyte and heads of any size, sent for as long as the other side takes them.
 *
 * Failure policy: another answer than the refusal, or none before the connection is over, is a fault of the tally;
 * so is a connection that is still there when all has been sent.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTo, request } from '../../helpers/http1-client.ts';
import { Tally, inParallel } from './tally.ts';

interface Flood {
  readonly what: string;
  readonly first: string;
  /** Sent over and over. */
  readonly piece: Buffer;
  readonly bytes: number;
  readonly refusal: number;
}

const GIGABYTE = 2 ** 30;
const HEAD_BYTES = 8 * 2 ** 20;
const PIECE_BYTES = 64 * 1024;
/** For what was refused to be over. */
const OVER_WITHIN_MS = 10_000;
/** Pieces are sent one after the other, and more hands would only share the same processor. */
const AT_ONCE = 2;

/** @param series an open one. */
export async function flood(port: number, series: string, stop: AbortSignal): Promise<Tally> {
  const tally = new Tally();
  await inParallel(floods(series), AT_ONCE, stop, (one) => pour(port, one, { tally, stop }));
  return tally;
}

async function pour(
  port: number,
  { what, first, piece, bytes, refusal }: Flood,
  { tally, stop }: { tally: Tally; stop: AbortSignal },
): Promise<void> {
  tally.count += 1;
  const client = await connectTo(port).catch(() => undefined);
  if (client === undefined) return tally.fault('a connection was refused');
  const over = new AbortController();
  void client.over.then(() => over.abort());
  stop.addEventListener('abort', () => client.destroy(), { once: true });
  client.send(first);
  for (let sent = 0; sent < bytes && !over.signal.aborted; sent += piece.length)
    if (!client.socket.write(piece))
      await once(client.socket, 'drain', { signal: over.signal }).catch(() => {});
  await sleep(OVER_WITHIN_MS, undefined, { signal: over.signal }).catch(() => {});
  if (!over.signal.aborted) tally.fault(`${what}: the connection goes on`);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(client.rest.toString('latin1', 0, 12))?.[1] ?? 0);
  client.destroy();
  tally.seen(status);
  // Who goes on sending after the refusal may be reset before it is read (ARCHITECTURE.md).
  if (status !== 0 && status !== refusal) tally.fault(`${what}: ${status}`);
}

function floods(series: string): Flood[] {
  const targets = [
    [`/v1/series/${series}/lookup`, 'application/json'],
    [`/s/${series}`, 'application/x-www-form-urlencoded'],
    ['/nothing/here', 'application/json'],
  ] as const;
  return [...targets.flatMap(([path, type]) => bodies(path, type)), ...heads()];
}

function bodies(path: string, type: string): Flood[] {
  const post = (...lines: string[]): string => request(`POST ${path}`, [`Content-Type: ${type}`, ...lines]);
  const chunked = post('Transfer-Encoding: chunked');
  const filled = Buffer.alloc(PIECE_BYTES, ' ');
  const chunkOf = (size: number): Buffer => Buffer.from(`${size.toString(16)}\r\n${' '.repeat(size)}\r\n`);
  const many = (text: string): Buffer => Buffer.from(text.repeat(PIECE_BYTES / text.length));
  return [
    { what: 'a gigabyte in one chunk', first: `${chunked}40000000\r\n`, piece: filled, refusal: 413 },
    { what: 'a gigabyte in chunks', first: chunked, piece: chunkOf(4 * 1024), refusal: 413 },
    { what: 'a gigabyte in chunks of one byte', first: chunked, piece: many('1\r\n \r\n'), refusal: 413 },
    { what: 'an extension of a gigabyte', first: `${chunked}1;`, piece: many('x'), refusal: 400 },
    { what: 'trailers of a gigabyte', first: `${chunked}0\r\n`, piece: many('a: b\r\n'), refusal: 400 },
    {
      what: 'an announced gigabyte',
      first: post(`Content-Length: ${GIGABYTE}`),
      piece: filled,
      refusal: 413,
    },
  ].map((one) => ({ ...one, bytes: GIGABYTE }));
}

function heads(): Flood[] {
  const line = 'GET / HTTP/1.1\r\nHost: a\r\n';
  const many = (text: string): Buffer => Buffer.from(text.repeat(Math.ceil(PIECE_BYTES / text.length)));
  return [
    { what: 'one header without an end', first: `${line}x: `, piece: many('a') },
    { what: 'headers without an end', first: line, piece: many('x: y\r\n') },
    { what: 'cookies without an end', first: line, piece: many('cookie: a=b\r\n') },
    { what: 'a target without an end', first: 'GET /', piece: many('%e6') },
    { what: 'a method without an end', first: '', piece: many('A') },
    { what: 'commas without an end', first: `${line}Connection: `, piece: many(', ') },
  ].map((one) => ({ ...one, bytes: HEAD_BYTES, refusal: 431 }));
}
