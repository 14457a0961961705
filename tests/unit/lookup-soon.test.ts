/**
 * A value that comes later: what promises do, but at once.
 */
import { describe, expect, it } from 'vitest';
import { Soon, isLater } from '#lookup/soon.ts';

describe('a value that comes soon', () => {
  it('is told in the same turn, through all that follows', () => {
    const soon = new Soon<number>();
    const told: string[] = [];
    soon
      .then((value) => value + 1)
      .then((value) => `${value}`)
      .then((text) => void told.push(text));
    expect(told).toEqual([]);
    soon.resolve(6);
    expect(told).toEqual(['7']);
  });

  it('is told at once when it is there already', () => {
    const soon = new Soon<number>();
    soon.resolve(6);
    let told = 0;
    void soon.then((value) => (told = value));
    expect(told).toBe(6);
  });

  it('counts the first word', async () => {
    const soon = new Soon<number>();
    soon.resolve(1);
    soon.resolve(2);
    soon.reject(new Error('late'));
    expect(await soon).toBe(1);
  });

  it('can be awaited, and waits for promises that handlers give', async () => {
    const soon = new Soon<number>();
    const next = soon.then(async (value) => {
      await new Promise(setImmediate);
      return value * 2;
    });
    soon.resolve(21);
    expect(await next).toBe(42);
  });

  it('fails with what a handler throws, or a promise of its, past handlers of values', async () => {
    const [thrown, rejected, passed] = [new Soon<number>(), new Soon<number>(), new Soon<number>()];
    const fault = new Error('a fault');
    const first = thrown
      .then(() => {
        throw fault;
      })
      .then(() => 'not called');
    const second = rejected.then(() => Promise.reject(fault)).then(() => 'not called');
    const third = passed.then(() => 'not called').then(undefined, (error: unknown) => [error]);
    thrown.resolve(1);
    rejected.resolve(1);
    passed.reject(fault);
    await expect(Promise.resolve(first)).rejects.toBe(fault);
    await expect(Promise.resolve(second)).rejects.toBe(fault);
    expect(await third).toEqual([fault]);
  });

  it('does not let a handler that throws disturb who says the value', () => {
    const soon = new Soon<number>();
    void soon.then(() => {
      throw new Error('a fault');
    });
    expect(() => soon.resolve(1)).not.toThrow();
  });

  it('has one who waits', () => {
    const soon = new Soon<number>();
    const waits = (): unknown => soon.then((value) => value);
    waits();
    expect(waits).toThrow(RangeError);
  });

  it('is told from a value', () => {
    expect([new Soon(), Promise.resolve(), { kind: 'absent' }, null, 7, 'then'].map(isLater)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
