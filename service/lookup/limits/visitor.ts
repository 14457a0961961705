/**
 * Who asks, as far as limits go: what a channel (the API, the page) knows of a request.
 */
import type { Digest } from '#results/digest.ts';

export interface Visitor {
  /** 32 bits of a keyed hash of the IPv4 address or the IPv6 /64. */
  readonly network: number;
  /** Whether a proof of work came along, good or not. */
  readonly bringsProof: boolean;
  /** Whether this device has had the slip of this digest before. */
  hasSucceeded(digest: Digest): boolean;
  /**
   * The name (24 bits) of the proof of work that came along, when it is authentic, not expired and
   * for this series and network; whether it was used before is for the limits to say. Never rejects.
   */
  provenWork(seriesId: string): Promise<number | undefined>;
}
