/**
 * Arguments and option values that several verbs take.
 */
import { FangbangError } from '#results/errors.ts';
import { parseChecksum } from '#results/checksum.ts';

/** @throws FangbangError `usage` */
export function parseBatchNumber(text: string | undefined): number {
  const number = Number(text);
  // The column is an integer of 4 bytes.
  if (text === undefined || !/^[1-9][0-9]{0,9}$/.test(text) || number > 2 ** 31 - 1) {
    throw new FangbangError('usage', 'a batch is given by its number, such as 3', {
      hint: 'fangbang status shows the batches',
    });
  }
  return number;
}

/**
 * The word `now`, or an instant of a whole second: candidates are shown the release time to the second, and what
 * two persons agree on must be what is shown. @throws FangbangError `usage`
 */
export function parseInstant(option: string, text: string | undefined): Date | 'now' {
  if (text === 'now') return text;
  const match = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?$/.exec(text ?? '');
  if (match === null) throw noInstant(option);
  const [, day = '', time = '', offset] = match;
  if (offset === undefined) {
    throw new FangbangError(
      'usage',
      `${option} needs an offset from UTC: a time without one means another instant elsewhere`,
      { hint: `write ${option} ${text}+08:00 for Beijing time` },
    );
  }
  const midnight = new Date(`${day}T00:00Z`);
  const instant = new Date(day + time + offset);
  // Date takes 30 February for 2 March.
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) throw noInstant(option);
  if (Number.isNaN(instant.getTime())) throw noInstant(option);
  if (instant.getMilliseconds() !== 0) {
    throw new FangbangError(
      'usage',
      `${option} takes whole seconds: a release time is shown without fractions`,
      {
        hint: `write ${option} ${text?.replace(/\.\d+/, '')}`,
      },
    );
  }
  return instant;
}

function noInstant(option: string): FangbangError {
  return new FangbangError('usage', `${option} is neither a time nor the word now`, {
    hint: `write ${option} 2026-06-25T09:00:00+08:00`,
  });
}

/** The 32 bytes of a checksum. @throws FangbangError `usage` */
export function parseChecksumOption(text: string | undefined, option = '--checksum'): Buffer {
  const checksum = text === undefined ? undefined : parseChecksum(text);
  if (checksum !== undefined) return checksum;
  throw new FangbangError('usage', `${option} has another form than sha256: and 64 hexadecimal digits`, {
    hint: 'copy it from what the loader was shown by fangbang load',
  });
}

/** A whole number from 1 on, undefined when the option was not given. @throws FangbangError `usage` */
export function parseCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new FangbangError('usage', `${option} takes a whole number from 1 on`);
}
