/**
 * @module Prints what this runtime makes of values that both runtimes must see alike: the loader runs on one, the
 * service on the other. Run by tests/unit/results-runtimes.test.ts.
 */
import { createHash, type Hash } from 'node:crypto';
import { compileAnswer, showInstant } from '../../service/results/answer.ts';
import { batchChecksum, rowHash, StoredChecksum } from '../../service/results/checksum.ts';
import { normaliseCredential } from '../../service/results/credentials.ts';
import { computeDigest, makePepper } from '../../service/results/digest.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { PRESET_NAMES, readPreset } from '../../service/results/presets.ts';
import { parseDefinition } from '../../service/results/definition.ts';
import { makeSealNonce, sealPayload } from '../../service/results/seal.ts';
import { makeSlipCodec } from '../../service/results/slip-codec.ts';
import { lastMarkCode, MARK_BASE } from '../../service/results/slip.ts';

/** Every character, alone and after a letter: normal forms and capitals depend on the runtime's Unicode. */
function allNames(hash: Hash): void {
  const name = parseDefinition(readPreset('gaokao'), 'gaokao').credentials['name'];
  if (name === undefined) throw new Error('the preset has no name');
  for (let point = 0; point <= 0x10ffff; point += 1) {
    // Unassigned planes hold nothing.
    if (point === 0x32000) point = 0xe0000;
    const text = String.fromCodePoint(point);
    for (const raw of [text, `A${text}`]) {
      const result = normaliseCredential(name, raw);
      hash.update(result.ok ? `${result.value} ${result.changes.join()}\n` : `${result.fault}\n`);
    }
  }
}

/** One candidate of each preset, from definition to sealed value and answer. */
function allPrograms(hash: Hash): void {
  const pepper = makePepper(Buffer.alloc(32, 1));
  const stored = new StoredChecksum();
  const filter = MembershipFilter.forEntries(100);
  for (const preset of PRESET_NAMES) {
    const definition = parseDefinition(readPreset(preset), preset);
    const codec = makeSlipCodec(definition);
    for (const [i, name] of ['林泽', '欧阳娜·吐尔逊', '𠮷野', 'ANNA', 'Ñandú', ''].entries()) {
      const slip = {
        candidateNumber: String(26_330_101_000_001 + i),
        name,
        status: 'scored' as const,
        marks: definition.components.map((c, k) =>
          k % 7 === i ? 0 : Math.max(MARK_BASE, lastMarkCode(c) - i),
        ),
        total: definition.total === undefined ? undefined : 600 + i,
        rank: i === 0 ? undefined : 7 ** i,
        flags: 0,
      };
      const payload = codec.encode(slip);
      const digest = computeDigest(pepper, definition.id, 'set', [slip.candidateNumber, name]);
      stored.add(digest, 0, slip.candidateNumber, payload);
      filter.add(digest);
      hash
        .update(payload)
        .update(digest)
        .update(JSON.stringify(codec.decode(payload)));
      hash.update(sealPayload(digest, makeSealNonce(1, Buffer.alloc(8, 3)), payload));
      hash.update(rowHash([slip.candidateNumber, name], payload));
      const batch = { number: 1, opensAtMs: 1_782_349_200_000, corrected: false, rehearsal: true };
      hash.update(compileAnswer(definition, batch)(codec.read(payload)).toString());
    }
    hash.update(batchChecksum(definition.sourceSha256, [Buffer.alloc(32)], Buffer.alloc(32)));
  }
  hash.update(stored.digest()).update(filter.sha256());
  for (const zone of ['Asia/Shanghai', 'UTC', 'Asia/Kolkata', 'America/St_Johns'])
    hash.update(showInstant(1_782_349_200_000, zone));
}

const picture: Record<string, string> = {};
for (const [name, part] of Object.entries({ allNames, allPrograms })) {
  const hash = createHash('sha256');
  part(hash);
  picture[name] = hash.digest('hex');
}
process.stdout.write(`${JSON.stringify({ runtime: 'Bun' in globalThis ? 'bun' : 'node', ...picture })}\n`);
