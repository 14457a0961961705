/**
 * Well-formed credentials that are wrong, and addresses that they come from. Pure: the same for the same numbers.
 */
import { checkCharacter } from '../../../service/results/identity-document.ts';
import { randomAt } from '../../../loadtest/profiles/random.ts';

/** A candidate number of nobody in a drill: theirs begin with 26330101. */
export function strangersNumber(n: number): string {
  return `263399${digits(n % 100_000_000, 8)}`;
}

/** An identity number of nobody in a drill: theirs are of the county 330106, and born in 2008. */
export function strangersIdentity(n: number): string {
  const sequence = n % 1_000;
  const day = 1 + (Math.floor(n / 1_000) % 28);
  const month = 1 + (Math.floor(n / 28_000) % 12);
  const year = 1930 + (Math.floor(n / 336_000) % 70);
  const first17 = `330107${year}${digits(month, 2)}${digits(day, 2)}${digits(sequence, 3)}`;
  return `${first17}${checkCharacter(first17)}`;
}

/** One of a million IPv4 addresses, all equally long. */
export function address(n: number): string {
  const part = (value: number): number => 100 + (value % 100);
  return `10.${part(Math.floor(n / 10_000))}.${part(Math.floor(n / 100))}.${part(n)}`;
}

/** The items in an order that the seed decides (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const other = Math.floor(randomAt(seed, i, 0) * (i + 1));
    const [a, b] = [order[i], order[other]];
    if (a === undefined || b === undefined) continue;
    order[i] = b;
    order[other] = a;
  }
  return order;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
