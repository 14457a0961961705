/**
 * What the limits say to an attempt.
 */
import type { CounterValue } from './counter-value.ts';

/** Times are milliseconds since 1970 by the database's clock. */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'limited'; readonly untilMs: number }
  | { readonly kind: 'proofRequired'; readonly untilMs: number };

/**
 * What counters that stand at these values mean for any attempt, right or wrong, or undefined when
 * nothing stands against it.
 * @param cap values from it on are limited; @param proofFrom values from it on need a proof.
 */
export function judge(
  values: readonly CounterValue[],
  cap: number,
  proofFrom: number | undefined,
): Verdict | undefined {
  let limitedUntilMs = -1;
  let proofUntilMs = -1;
  for (const { count, endsAtMs } of values) {
    if (count >= cap) limitedUntilMs = Math.max(limitedUntilMs, endsAtMs);
    else if (proofFrom !== undefined && count >= proofFrom) proofUntilMs = Math.max(proofUntilMs, endsAtMs);
  }
  if (limitedUntilMs >= 0) return { kind: 'limited', untilMs: limitedUntilMs };
  return proofUntilMs >= 0 ? { kind: 'proofRequired', untilMs: proofUntilMs } : undefined;
}
