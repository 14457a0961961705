/**
 * What the supervisor and its instances say to one another, over the channel between parent and child.
 */
import type { MetricObjectWithValues, MetricValue } from 'prom-client';

/** What a registry of metrics holds, as plain data. */
export type Snapshot = MetricObjectWithValues<MetricValue<string>>[];

/** The argument that makes service/main.ts an instance. Not the channel alone: others start programs with one, too. */
export const SUPERVISED = '--supervised';

export interface Answers {
  /** Why lookups may not be sent; null when they may. */
  readonly notReady: string | null;
  readonly metrics: Snapshot;
}

export type ToInstance =
  | { readonly kind: 'listen' }
  | { readonly kind: 'ask'; readonly id: number; readonly what: keyof Answers }
  | { readonly kind: 'stop' };

export type FromInstance =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers] }
  /** The last thing that an instance says: what it counted must not be lost with it. */
  | { readonly kind: 'ended'; readonly metrics: Snapshot };
