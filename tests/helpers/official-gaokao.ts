/**
 * @module Candidates of the gaokao preset and the official file that holds them, a pure function of their
 * number and a variant.
 */
import { parseDefinition, type SeriesDefinition } from '../../service/results/definition.ts';
import { checkCharacter } from '../../service/results/identity-document.ts';
import { readPreset } from '../../service/results/presets.ts';
import { MARK_BASE, NOT_TAKEN, type Slip } from '../../service/results/slip.ts';

export interface OfficialCandidate {
  readonly candidateNumber: string;
  readonly identityNumber: string;
  readonly slip: Slip;
}

/** The gaokao preset under another id. */
export function gaokaoDefinition(series: string): SeriesDefinition {
  return parseDefinition(readPreset('gaokao').replace(/^id: .*$/m, `id: ${series}`), series);
}

/** @param variant changes the marks and no credential, as a later batch of the series does. */
export function officialCandidates(count: number, variant = 0): OfficialCandidate[] {
  const made = Array.from({ length: count }, (_, i) => candidate(i, variant));
  const ranks = ranksOf(made.map(({ slip }) => slip.total ?? 0));
  return made.map((one) => ({ ...one, slip: { ...one.slip, rank: ranks.get(one.slip.total ?? 0) } }));
}

/** 1 + how many have more, by total. */
function ranksOf(totals: readonly number[]): Map<number, number> {
  const ranks = new Map<number, number>();
  for (const [i, total] of totals.toSorted((a, b) => b - a).entries())
    if (!ranks.has(total)) ranks.set(total, i + 1);
  return ranks;
}

/** The file as an authority would send it. */
export function officialFile(
  { components }: SeriesDefinition,
  candidates: readonly OfficialCandidate[],
): string {
  const head = ['准考证号', '姓名', '身份证号', ...components.map(({ column }) => column), '总分', '位次'];
  const rows = candidates.map(({ candidateNumber, identityNumber, slip }) => [
    candidateNumber,
    slip.name,
    identityNumber,
    ...components.map(({ score }, i) => {
      const code = slip.marks[i] ?? NOT_TAKEN;
      return code === NOT_TAKEN ? '' : code - MARK_BASE + (score?.min ?? 0);
    }),
    slip.total ?? '',
    slip.rank ?? '',
  ]);
  return [head, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

function candidate(index: number, variant: number): OfficialCandidate {
  const candidateNumber = `26330101${String(index + 1).padStart(6, '0')}`;
  const born = new Date(Date.UTC(2007, 0, 1 + Math.floor(index / 1000))).toISOString().slice(0, 10);
  const first17 = `330102${born.replaceAll('-', '')}${String(index % 1000).padStart(3, '0')}`;
  const marks = [
    ...[0, 1, 2].map((i) => MARK_BASE + ((index * 7 + i * 31 + variant) % 151)),
    // Three of the seven electives, from 40 on.
    ...[0, 1, 2].map((i) => MARK_BASE + ((index + i + variant) % 61)),
    NOT_TAKEN,
    NOT_TAKEN,
    NOT_TAKEN,
    NOT_TAKEN,
  ];
  const total = marks.reduce(
    (sum, code, i) => sum + (code === NOT_TAKEN ? 0 : code - MARK_BASE + (i < 3 ? 0 : 40)),
    0,
  );
  const slip: Slip = {
    candidateNumber,
    name: `林${String.fromCodePoint(0x4e00 + (index % 20_000))}`,
    status: 'scored',
    marks,
    total,
    rank: undefined,
    flags: 0,
  };
  return { candidateNumber, identityNumber: first17 + checkCharacter(first17), slip };
}
