/**
 * Commands as we write them: the same bytes as the library's own.
 */
import fc from 'fast-check';
import { Command } from 'ioredis';
import { expect, it } from 'vitest';
import { WireCommand, mgetCommand, wireArgument, wireOf } from '#lookup/wire-command.ts';

const ascii = fc.string({
  unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 99,
});
const bytes = fc.uint8Array({ minLength: 1, maxLength: 99 }).map((array) => Buffer.from(array));
const theirs = (name: string, args: (string | Buffer)[]): string =>
  Buffer.from(new Command(name, args, { replyEncoding: null }).toWritable({})).toString('hex');
const ours = (command: WireCommand): string => Buffer.from(command.toWritable()).toString('hex');

it('MGET is what the library writes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(ascii, bytes), { minLength: 1, maxLength: 50 }), (keys) => {
      expect(ours(mgetCommand(keys))).toBe(theirs('mget', keys));
    }),
  );
});

it('a command of texts is what the library writes', () => {
  fc.assert(
    fc.property(fc.array(ascii, { maxLength: 20 }), (args) => {
      const wire = wireOf(args.length + 1, ['bitfield', ...args].map(wireArgument).join(''));
      expect(ours(new WireCommand('bitfield', [], wire, 'text'))).toBe(theirs('bitfield', args));
    }),
  );
});

it.each([
  ['empty', ''],
  ['longer than 99 bytes', Buffer.alloc(100)],
])('a key that is %s is refused', (_, bad) => {
  expect(() => mgetCommand(['epoch', bad])).toThrow(RangeError);
});
