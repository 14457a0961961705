/**
 * @module Synthetic gaokao candidates as the loader writes them to Redis: the same names, numbers and marks as
 * `fangbang sample` makes, through the real codec and seal.
 */
import { SampleCandidates, type SampleCandidate } from '../../loader-cli/sample/candidates.ts';
import { Random } from '../../loader-cli/sample/random.ts';
import { parseDefinition, type SeriesDefinition } from '#results/definition.ts';
import { computeDigest, type Digest, makePepper } from '#results/digest.ts';
import { readPreset } from '#results/presets.ts';
import { slipKey } from '#results/redis-keys.ts';
import { makeSealNonce, type SealNonce, sealPayload } from '#results/seal.ts';
import { CODEC_VERSION, makeSlipCodec } from '#results/slip-codec.ts';
import { MARK_BASE, NOT_TAKEN, STATUSES_WITHOUT_MARKS, statusMark } from '#results/slip.ts';
import { COMPONENT_STATUS_CODES } from '#results/definition.ts';

export interface SealedCandidate {
  readonly key: Buffer;
  readonly sealed: Buffer;
  readonly digest: Digest;
  readonly nonce: SealNonce;
  readonly payload: Buffer;
}

const BATCH = 1;
const SEED = 'redis-memory';

/** The same candidates each time; sealed alike for the same salt of 8 bytes. */
export function* sealedCandidates(count: number, nonceSalt: Buffer): Generator<SealedCandidate> {
  const definition = parseDefinition(readPreset('gaokao'), 'gaokao');
  const codec = makeSlipCodec(definition);
  const nonce = makeSealNonce(CODEC_VERSION, nonceSalt);
  const pepper = makePepper(Buffer.alloc(32, 1));
  const [set] = definition.credentialSets;
  if (set === undefined) throw new Error('the preset has no credential set');
  const ranks = new Random(SEED);
  for (const candidate of new SampleCandidates(definition, count, SEED)) {
    const hidesMarks = STATUSES_WITHOUT_MARKS.has(candidate.status);
    // Ranks are spread like the real ones, from 1 to the number of candidates.
    const rank = 1 + ranks.below(count);
    const payload = codec.encode({
      candidateNumber: candidate.credentials[definition.numberCredential] ?? '',
      name: candidate.credentials[definition.nameCredential] ?? '',
      status: candidate.status,
      marks: hidesMarks ? [] : marksOf(definition, candidate),
      total: hidesMarks ? undefined : candidate.total,
      rank: hidesMarks || candidate.total === undefined ? undefined : rank,
      flags: 0,
    });
    const credentials = set.credentials.map((name) => candidate.credentials[name] ?? '');
    const digest = computeDigest(pepper, definition.id, set.name, credentials);
    yield {
      key: slipKey(BATCH, digest),
      sealed: sealPayload(digest, nonce, payload),
      digest,
      nonce,
      payload,
    };
  }
}

/** The codes of the marks, in the definition's order. */
function marksOf(definition: SeriesDefinition, candidate: SampleCandidate): number[] {
  const shown = new Map(candidate.components);
  return definition.components.map(({ code, score, grades }) => {
    const mark = shown.get(code);
    if (mark === undefined) return NOT_TAKEN;
    if (typeof mark === 'number')
      return MARK_BASE + Math.round((mark - (score?.min ?? 0)) / (score?.step ?? 1));
    if (typeof mark === 'string') return MARK_BASE + (grades ?? []).indexOf(mark);
    const status = COMPONENT_STATUS_CODES.find((known) => known === mark.status);
    return status === undefined ? NOT_TAKEN : statusMark(status);
  });
}
