/**
 * Commands as we write them: the same bytes as the library's own.
 */
import fc from 'fast-check';
import { Command } from 'ioredis';
import { expect, it } from 'vitest';
import { FieldCommand } from '#lookup/limits/field-command.ts';
import type { WireCommand } from '#lookup/wire-command.ts';
import { mgetCommand, plainCommand } from '#lookup/wire-command.ts';

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

it('a command of one key is what the library writes', () => {
  fc.assert(
    fc.property(fc.oneof(ascii, bytes), fc.array(ascii, { maxLength: 20 }), (key, rest) => {
      expect(ours(plainCommand('set', key, rest))).toBe(theirs('set', [key, ...rest]));
    }),
  );
});

it('BITFIELD is what the library writes, however many fields it has, and only reads when none is raised', () => {
  const amount = fc.integer({ min: -65_535, max: 65_535 });
  const fields = fc.array(fc.tuple(fc.nat(2 ** 22 - 1), fc.oneof(amount, fc.constantFrom(0, 1))), {
    maxLength: 200,
    size: 'max',
  });
  fc.assert(
    fc.property(fields, (asked) => {
      const command = new FieldCommand({ key: 'w:1988000', lifeSeconds: 1 });
      for (const [field, by] of asked) command.add(field, by);
      const raises = asked.some(([, by]) => by !== 0);
      const args = asked.flatMap(([field, by]) =>
        by === 0 ? ['GET', 'u16', `#${field}`] : ['INCRBY', 'u16', `#${field}`, String(by)],
      );
      expect(ours(command.toCommand())).toBe(
        raises
          ? theirs('bitfield', ['w:1988000', 'OVERFLOW', 'SAT', ...args])
          : theirs('bitfield_ro', ['w:1988000', ...args]),
      );
      expect(ours(command.toCommand())).toBe(ours(command.toCommand()));
      expect(command.raises).toBe(raises);
    }),
  );
});

it('what Redis says of fields is told in their order, and nothing when it said something else', () => {
  const asked = (replies: unknown): (number | undefined)[] => {
    const command = new FieldCommand({ key: 'd:1', lifeSeconds: 1 });
    command.add(1, 1);
    command.add(2, 0);
    command.replied(replies);
    return [command.next(), command.next(), command.next()];
  };
  expect(asked([7, 0])).toEqual([7, 0, undefined]);
  expect(asked([7, null])).toEqual([7, undefined, undefined]);
  expect(asked(new Error('OOM'))).toEqual([undefined, undefined, undefined]);
  expect(asked(undefined)).toEqual([undefined, undefined, undefined]);
});

it.each([
  ['empty', ''],
  ['longer than 99 bytes', Buffer.alloc(100)],
])('a key that is %s is refused', (_, bad) => {
  expect(() => mgetCommand(['epoch', bad])).toThrow(RangeError);
});
