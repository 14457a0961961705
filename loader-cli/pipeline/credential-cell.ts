/**
 * A credential's cell: normalised as the form's field is (credentials.ts), after what only a file can
 * have around a value.
 */
import type { Credential } from '#results/definition.ts';
import type { CredentialFault } from '#results/credentials.ts';
import { normaliseCredential } from '#results/credentials.ts';
import type { Change } from './cells.ts';
import { startsLikeExcelMark, withoutExcelMarks } from './cells.ts';
import type { RejectCode } from './reject-codes.ts';

const CREDENTIAL_FAULTS: Readonly<Record<CredentialFault, RejectCode>> = {
  empty: 'credential-missing',
  'too-long': 'credential-too-long',
  'control-character': 'control-character',
  'pattern-mismatch': 'pattern-mismatch',
  'letter-for-digit': 'letter-for-digit',
  'scientific-notation': 'scientific-notation',
  'not-a-document-number': 'not-a-document-number',
  'wrong-check-character': 'wrong-check-character',
  'impossible-birth-date': 'impossible-birth-date',
  'old-15-digit-number': 'old-15-digit-number',
};

/** @param changes gets what was changed. */
export function readCredential(
  credential: Credential,
  raw: string,
  changes: Change[],
): { ok: true; value: string } | { ok: false; code: RejectCode } {
  let text = raw;
  if (startsLikeExcelMark(raw)) {
    const cleaned = withoutExcelMarks(raw, credential.kind);
    text = cleaned.value;
    changes.push(...cleaned.changes);
  }
  const result = normaliseCredential(credential, text);
  if (!result.ok) {
    const lostDigits = result.fault === 'wrong-check-character' && /^[0-9]{15}000$/.test(text.trim());
    return { ok: false, code: lostDigits ? 'digits-lost' : CREDENTIAL_FAULTS[result.fault] };
  }
  // The codec keeps at most 255 bytes of a candidate number.
  if (credential.kind === 'candidate-number' && Buffer.byteLength(result.value) > 255)
    return { ok: false, code: 'credential-too-long' };
  if (credential.kind === 'person-name' && /[?\uFFFD]/.test(result.value))
    return { ok: false, code: 'name-damaged' };
  if (result.changes.length > 0) changes.push(...result.changes);
  return { ok: true, value: result.value };
}
