import { describe, expect, it } from 'vitest';
import { Company } from '#lookup/limits/company.ts';
import { LimitCounter } from '#results/limit-keys.ts';

const counter = (field: number): LimitCounter => new LimitCounter(field);

describe('lookups under way at a counter', () => {
  it('have company of one another at any of their counters, until they end', () => {
    const company = new Company();
    const first = [counter(1), counter(2)];
    expect(company.enter(first)).toBe(false);
    expect(company.enter([counter(3), counter(4)])).toBe(false);
    expect(company.enter([counter(2), counter(5)])).toBe(true);
    company.leave(first);
    expect(company.enter([counter(1), counter(6)])).toBe(false);
    expect(company.enter([counter(2), counter(7)])).toBe(true);
  });

  it('are not the company of themselves', () => {
    const company = new Company();
    for (let i = 0; i < 3; i += 1) {
      expect(company.enter([counter(8), counter(9)])).toBe(false);
      company.leave([counter(8), counter(9)]);
    }
  });
});
