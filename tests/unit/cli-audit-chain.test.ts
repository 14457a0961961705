import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  AuditChain,
  parseHead,
  showHead,
  type AuditHead,
  type AuditRow,
} from '../../loader-cli/audit-chain.ts';

function chainOf(entries: readonly string[]): AuditRow[] {
  let previous = Buffer.alloc(32);
  return entries.map((entry, i) => {
    previous = createHash('sha256').update(previous).update(entry, 'utf8').digest();
    return { seq: i + 1, entry, hash: previous };
  });
}

function check(rows: readonly AuditRow[], kept?: AuditHead): AuditHead {
  const chain = new AuditChain(kept);
  for (const row of rows) chain.add(row);
  return chain.end();
}

const entries = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 20 });

it('a chain as it was written is whole, and holds each of its heads', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const rows = chainOf(list);
      for (const row of rows) {
        const head = check(rows, row);
        expect(head.seq).toBe(rows.length);
        expect(head.hash).toEqual(rows.at(-1)?.hash);
      }
    }),
  );
});

it('a changed entry breaks the chain, also when all hashes after it are computed anew and a head was kept', () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.string({ unit: 'grapheme' }), (list, pick, text) => {
      const at = pick % list.length;
      fc.pre(list[at] !== text);
      const rows = chainOf(list);
      const changed = rows.map((row, i) => (i === at ? { ...row, entry: text } : row));
      expect(() => check(changed)).toThrow('is not as it was written');
      const anew = chainOf(list.with(at, text));
      check(anew);
      for (const row of rows.slice(at)) expect(() => check(anew, row)).toThrow('the trail was written anew');
    }),
  );
});

it('an entry removed from the middle breaks the chain', () => {
  fc.assert(
    fc.property(entries, fc.nat(), (list, pick) => {
      fc.pre(list.length > 1);
      const at = pick % (list.length - 1);
      expect(() => check(chainOf(list).toSpliced(at, 1))).toThrow(`entry ${at + 1} is missing`);
    }),
  );
});

it('entries removed from the end break the chain when a head was kept', () => {
  fc.assert(
    fc.property(entries, fc.nat(), (list, pick) => {
      const rows = chainOf(list);
      const rest = rows.slice(0, pick % list.length);
      check(rest);
      expect(() => check(rest, rows.at(-1))).toThrow('its end was removed');
    }),
  );
});

it('a head is read as it is shown', () => {
  const head = { seq: 12, hash: Buffer.alloc(32, 0xab) };
  expect(parseHead(showHead(head))).toEqual(head);
  expect(parseHead(` ${showHead(head).toUpperCase()} `)).toEqual(head);
  for (const text of ['', '12', '0:' + '0'.repeat(64), '12:' + '0'.repeat(63), `12:${'0'.repeat(64)}x`])
    expect(() => parseHead(text)).toThrow('--head has another form');
});
