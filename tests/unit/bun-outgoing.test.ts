import { expect, test } from 'vitest';
import type { Sender } from '../../service/bun-outgoing.ts';
import { Outgoing } from '../../service/bun-outgoing.ts';
import { SHARED_BYTES } from '../../service/http1/answer-bytes.ts';

/** Until the turn of the event loop is over. */
const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Notes what it sends. */
function sender(sent: string[], then?: () => void): Sender {
  return {
    sendFrom(bytes, from, to) {
      sent.push(bytes.toString('latin1', from, to));
      then?.();
    },
  };
}

/** In memory that the next answer is put together in. */
const room = Buffer.alloc(2 * SHARED_BYTES);
function put(text: string): [Buffer, number] {
  return [room, room.write(text, 'latin1')];
}

test('what comes in one turn is sent after it, in order, to each its own', async () => {
  const sent: string[] = [];
  const outgoing = new Outgoing();
  for (const text of ['a', 'bb', '', 'dddd']) expect(outgoing.add(sender(sent), ...put(text))).toBe(true);
  expect(sent).toEqual([]);
  await turnOver();
  expect(sent).toEqual(['a', 'bb', '', 'dddd']);
  expect(outgoing.add(sender(sent), ...put('e'))).toBe(true);
  await turnOver();
  expect(sent).toEqual(['a', 'bb', '', 'dddd', 'e']);
});

test('who answers its next request while all are sent is sent in the same turn', async () => {
  const sent: string[] = [];
  const outgoing = new Outgoing();
  const next = sender(sent);
  outgoing.add(
    sender(sent, () => outgoing.add(next, ...put('next'))),
    ...put('first'),
  );
  outgoing.add(sender(sent), ...put('other'));
  await turnOver();
  expect(sent).toEqual(['first', 'other', 'next']);
});

test('without room for one more, those before it do not wait', async () => {
  const sent: string[] = [];
  const outgoing = new Outgoing();
  const text = 'x'.repeat(SHARED_BYTES - 1);
  let added = 0;
  while (sent.length === 0) {
    outgoing.add(sender(sent), ...put(`${added % 10}${text}`));
    added += 1;
  }
  expect(sent).toHaveLength(added - 1);
  await turnOver();
  expect(sent.map((one) => one[0])).toEqual(Array.from({ length: added }, (_, i) => String(i % 10)));
});

test('while it sends, what finds no room is left to its sender', async () => {
  const outgoing = new Outgoing();
  const sent: string[] = [];
  const text = 'x'.repeat(SHARED_BYTES);
  const taken: boolean[] = [];
  const filling = sender(sent, () => taken.push(outgoing.add(sender(sent), ...put(text))));
  outgoing.add(filling, ...put('first'));
  outgoing.add(sender(sent), ...put(text));
  outgoing.add(sender(sent), ...put(text));
  outgoing.add(sender(sent), ...put(text));
  await turnOver();
  expect(taken).toEqual([false]);
  expect(sent.map(({ length }) => length)).toEqual([5, text.length, text.length, text.length]);
});

test('one larger than the memory that answers share is left to its sender', () => {
  expect(new Outgoing().add(sender([]), room, SHARED_BYTES + 1)).toBe(false);
});
