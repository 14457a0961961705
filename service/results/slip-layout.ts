/**
 * What slip-codec.ts writes and stored-slip.ts reads: head byte (status in bits 0–2, then the bits below), candidate
 * number, name, bitmask of the components taken, a code for each of them, total (only when it is not the sum), rank,
 * flags.
 */
import type { SeriesDefinition } from './definition.ts';
import { COMPONENT_STATUS_CODES } from './definition.ts';
import type { MarkCode, Slip } from './slip.ts';
import { MARK_BASE, NOT_TAKEN, lastMarkCode } from './slip.ts';

export const STATUS_BITS = 7;
export const HAS_TOTAL = 1 << 3;
export const TOTAL_IS_SUM = 1 << 4;
export const HAS_RANK = 1 << 5;
export const NAME_IS_UTF16 = 1 << 6;
export const NUMBER_IS_DIGITS = 1 << 7;

/** Digits that a double holds exactly. */
export const MAX_PACKED_DIGITS = 15;

/** What a definition says of the layout; its order of components is the layout's. */
export class SlipLayout {
  readonly definition: SeriesDefinition;
  /** Bytes of each component's code. */
  readonly widths: readonly number[];
  readonly maskBytes: number;
  readonly hasFlags: boolean;
  /** Flags together are below it. */
  readonly flagsEnd: number;
  readonly hasScores: boolean;
  readonly hasTotal: boolean;
  readonly totalStep: number;
  readonly #lasts: readonly MarkCode[];

  constructor(definition: SeriesDefinition) {
    this.definition = definition;
    this.#lasts = definition.components.map(lastMarkCode);
    this.widths = this.#lasts.map((last) => (last <= 255 ? 1 : 2));
    this.maskBytes = Math.ceil(definition.components.length / 8);
    this.hasFlags = definition.flags.length > 0;
    this.flagsEnd = 1 << definition.flags.length;
    this.hasScores = definition.components.some((c) => c.score !== undefined);
    this.hasTotal = definition.total !== undefined;
    this.totalStep = definition.total?.step ?? 1;
  }

  /** Whether the component has this code, which is not NOT_TAKEN. */
  isMark(component: number, mark: MarkCode): boolean {
    return (
      (mark >= MARK_BASE && mark <= (this.#lasts[component] ?? 0)) ||
      (mark >= 1 && mark <= COMPONENT_STATUS_CODES.length)
    );
  }
}

export function showsMarks(slip: Pick<Slip, 'marks' | 'total' | 'rank'>): boolean {
  return slip.total !== undefined || slip.rank !== undefined || slip.marks.some((mark) => mark !== NOT_TAKEN);
}
