/**
 * A series of nobody: its candidates, and what Postgres and Redis would hold of it, in memory.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { PublicationSource } from '#lookup/publication-source.ts';
import { plainKey } from '#lookup/wire-command.ts';
import type { Fetched, FetchMany } from '#lookup/redis-fetch.ts';
import { parseDefinition } from '#results/definition.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import type { Pepper } from '#results/digest.ts';
import { computeDigest, makePepper } from '#results/digest.ts';
import { checkCharacter } from '#results/identity-document.ts';
import { MembershipFilter } from '#results/membership-filter.ts';
import { readPreset } from '#results/presets.ts';
import { EPOCH_KEY, slipKey } from '#results/redis-keys.ts';
import { makeSealNonce, sealPayload } from '#results/seal.ts';
import { CODEC_VERSION, makeSlipCodec } from '#results/slip-codec.ts';
import type { Slip } from '#results/slip.ts';
import { MARK_BASE, NOT_TAKEN, lastMarkCode, sumOfScores } from '#results/slip.ts';

export interface MadeUpSeries {
  readonly id: string;
  readonly pepper: Pepper;
  /** The credentials of each candidate, as the fields of a request. */
  readonly credentials: readonly Readonly<Record<string, string>>[];
  readonly source: PublicationSource;
  /** What Redis would answer. */
  readonly fetchMany: FetchMany;
}

const CANDIDATES = 256;
/** The last that there can be: no batch of anybody has it. */
const BATCH = 0xff_ff_ff_ff;
const EPOCH = 1;

/** Makes one under a pepper of its own. */
export function makeUpSeries(): MadeUpSeries {
  const source = readPreset('gaokao');
  const definition = parseDefinition(source, 'the preset gaokao');
  const pepper = makePepper(randomBytes(32));
  const nonceSalt = randomBytes(8);
  const nonce = makeSealNonce(CODEC_VERSION, nonceSalt);
  const codec = makeSlipCodec(definition);
  const filter = MembershipFilter.forEntries(CANDIDATES);
  const inRedis = new Map<string, Buffer>([[EPOCH_KEY, Buffer.from(String(EPOCH))]]);
  const [set] = definition.credentialSets;

  const credentials = Array.from({ length: CANDIDATES }, (_, n) => {
    const fields: Record<string, string> = {
      candidateNumber: `2633010100${String(n).padStart(4, '0')}`,
      identityNumber: identityNumber(n),
    };
    const values = (set?.credentials ?? []).map((name) => fields[name] ?? '');
    const digest = computeDigest(pepper, definition.id, set?.name ?? '', values);
    filter.add(digest);
    const payload = codec.encode(slipOf(definition, n, fields['candidateNumber'] ?? ''));
    inRedis.set(slipKey(BATCH, digest).toString('latin1'), sealPayload(digest, nonce, payload));
    return fields;
  });

  return {
    id: definition.id,
    pepper,
    credentials,
    source: {
      readState: () =>
        Promise.resolve({
          nowMs: Date.now(),
          epoch: EPOCH,
          series: [
            {
              id: definition.id,
              announced: null,
              next: null,
              previous: null,
              current: {
                epoch: EPOCH,
                opensAtMs: 1,
                corrected: false,
                batch: {
                  number: BATCH,
                  definitionVersion: 1,
                  pepperFingerprint: pepper.fingerprint,
                  nonceSalt: nonceSalt.toString('hex'),
                  codecVersion: CODEC_VERSION,
                  candidates: CANDIDATES,
                  entries: CANDIDATES,
                  filterBits: filter.bits,
                  filterSha256: createHash('sha256').update(filter.bytes).digest('hex'),
                  rehearsal: true,
                },
              },
            },
          ],
        }),
      readDefinition: () => Promise.resolve(source),
      readFilterChunks: () => Promise.resolve([filter.bytes]),
    },
    fetchMany: (keys, into) => {
      for (const [i, key] of keys.entries()) into[i] = valueOf(inRedis, plainKey(key));
      return Promise.resolve();
    },
  };
}

function valueOf(inRedis: ReadonlyMap<string, Buffer>, key: string | Buffer): Fetched {
  return inRedis.get(typeof key === 'string' ? key : key.toString('latin1')) ?? null;
}

function identityNumber(n: number): string {
  const first17 = `33010620080101${String(n).padStart(3, '0')}`;
  return first17 + checkCharacter(first17);
}

function slipOf(definition: SeriesDefinition, n: number, candidateNumber: string): Slip {
  const marks = definition.components.map((component, i) => {
    const isElective = definition.electives.some((group) => group.components.includes(component.code));
    if (component.score === undefined || (isElective && (i + n) % 7 >= 3)) return NOT_TAKEN;
    return MARK_BASE + ((n * 31 + i * 17) % (lastMarkCode(component) - MARK_BASE + 1));
  });
  return {
    candidateNumber,
    name: '林泽',
    status: 'scored',
    marks,
    total: sumOfScores(definition, marks),
    rank: n + 1,
    flags: 0,
  };
}
