/**
 * @module Bodies of autocannon 9.0.0 in whole characters. It turns each piece that the network delivers into
 * text by itself, so that a Chinese character whose bytes come in two pieces becomes two or three U+FFFD, and a
 * right answer looks wrong.
 *
 * Failure policy: an autocannon that is built otherwise throws at the start.
 */
import { StringDecoder } from 'node:string_decoder';

interface Pending {
  body: string;
}

interface Queue {
  peek: () => Pending | undefined;
  addBody: (piece: Buffer) => void;
}

/** Mends one connection of autocannon's. */
export function readWholeCharacters(client: object): void {
  const queue = 'pipelinedRequests' in client ? client.pipelinedRequests : undefined;
  if (!isQueue(queue))
    throw new Error('autocannon is not the version that the lockfile names: run "npm ci".');
  const decoders = new WeakMap<Pending, StringDecoder>();
  queue.addBody = (piece) => {
    const pending = queue.peek();
    if (pending === undefined) return;
    let decoder = decoders.get(pending);
    if (decoder === undefined) {
      decoder = new StringDecoder('utf8');
      decoders.set(pending, decoder);
    }
    pending.body += decoder.write(piece);
  };
}

function isQueue(value: unknown): value is Queue {
  return (
    typeof value === 'object' &&
    value !== null &&
    'peek' in value &&
    typeof value.peek === 'function' &&
    'addBody' in value &&
    typeof value.addBody === 'function'
  );
}
