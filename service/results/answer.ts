/**
 * The body of a found answer (design.md section 5). Everything that is the same for all candidates
 * of a batch is turned into text once; per candidate only numbers and the name are put in. The
 * service and `fangbang preview` use the same code, so that the preview is the answer.
 */
import type { Component, SeriesDefinition, StatusCode } from './definition.ts';
import { COMPONENT_STATUS_CODES, STATUS_CODES } from './definition.ts';
import { FangbangError } from './errors.ts';
import { MAX_TEXT_BYTES } from './payload-bytes.ts';
import type { MarkCode } from './slip.ts';
import { MARK_BASE, NOT_TAKEN, lastMarkCode, readMark } from './slip.ts';
import type { StoredSlip } from './stored-slip.ts';
import { COMPONENT_STATUS_TEXTS, statusTexts } from './texts.ts';

/** What an answer says of the batch it comes from. */
export interface PublishedBatch {
  readonly number: number;
  /** Milliseconds since 1970: when the publication opened. */
  readonly opensAtMs: number;
  /** An earlier batch of the series was open before this one. */
  readonly corrected: boolean;
  /** Approved by the one who loaded it: a demo or a rehearsal, and the answer says so. */
  readonly rehearsal: boolean;
}

/** Compiled once per publication: turns a slip into the JSON text of its answer. */
export type AnswerTemplate = (slip: StoredSlip) => SlipBody;

/**
 * The JSON text of a slip's answer in UTF-8, written where it is sent from: made as a piece of memory of its own
 * it took 0.5 µs more on Bun, as a text put together from its parts 2.5 µs.
 */
export class SlipBody {
  /** It never takes more. */
  readonly mostBytes: number;
  readonly #slip: StoredSlip;
  readonly #write: (slip: StoredSlip, into: Buffer) => number;

  constructor(mostBytes: number, slip: StoredSlip, write: (slip: StoredSlip, into: Buffer) => number) {
    this.mostBytes = mostBytes;
    this.#slip = slip;
    this.#write = write;
  }

  /** @param into of `mostBytes` at least. @returns how many bytes it took. */
  writeInto(into: Buffer): number {
    return this.#write(this.#slip, into);
  }

  toString(): string {
    const room = Buffer.alloc(this.mostBytes);
    return room.toString('utf8', 0, this.writeInto(room));
  }
}

/** The instant as ISO 8601 with the zone's offset, to the second: 2026-06-25T09:00:00+08:00. */
export function showInstant(ms: number, timeZone: string): string {
  const parts = formatOf(timeZone).formatToParts(new Date(ms));
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((p) => p.type === type)?.value ?? '';
  // Runtimes differ in how they write UTC: GMT or GMT+00:00.
  const offset = part('timeZoneName').replace(/^GMT(?:\+00:00)?/, '');
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}${offset === '' ? 'Z' : offset}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Kept: making one takes milliseconds, and every poll shows the instants of every series. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** Compiles the template of a publication. */
export function compileAnswer(definition: SeriesDefinition, batch: PublishedBatch): AnswerTemplate {
  const series = {
    id: definition.id,
    title: definition.title,
    ...(batch.rehearsal ? { rehearsal: true } : {}),
  };
  const head = Buffer.from(
    `{"series":${JSON.stringify(series)},"batch":${JSON.stringify({
      number: batch.number,
      publishedAt: showInstant(batch.opensAtMs, definition.timeZone),
      corrected: batch.corrected,
    })},"candidate":{"number":`,
  );

  const statusParts = new Map<StatusCode, Buffer>(
    STATUS_CODES.map((code) => [
      code,
      Buffer.from(`},"status":${JSON.stringify({ code, ...statusTexts(definition, code) })},"components":[`),
    ]),
  );
  const marksOf = definition.components.map((component) => new MarkTexts(component));
  const totalTail = definition.total === undefined ? '' : `,"max":${definition.total.max}}`;
  const flagParts = definition.flags.map((flag) => JSON.stringify({ code: flag.code, title: flag.title }));

  const mostBytes =
    head.length +
    longest(statusParts.values()) +
    marksOf.reduce((sum, texts) => sum + texts.mostBytes, 0) +
    Buffer.byteLength(totalTail + flagParts.join(',')) +
    MOST_BYTES_OF_VALUES;
  const write = (slip: StoredSlip, out: Buffer): number => {
    out.set(head);
    let at = head.length;
    at = slip.writeNumber(out, at);
    at = writeAscii(out, at, ',"name":');
    at = slip.writeName(out, at);
    const status = statusParts.get(slip.status);
    if (status !== undefined) {
      out.set(status, at);
      at += status.length;
    }
    for (let i = 0; i < marksOf.length; i += 1) {
      const mark = slip.marks[i] ?? NOT_TAKEN;
      if (mark !== NOT_TAKEN) at = marksOf[i]?.write(mark, out, at) ?? at;
    }
    // The comma after the last one.
    if (out[at - 1] === COMMA) at -= 1;
    out[at++] = CLOSING_BRACKET;
    if (slip.total !== undefined && totalTail !== '') {
      at = writeAscii(out, at, ',"total":{"score":');
      at = writeAscii(out, at, String(slip.total));
      at = writeAscii(out, at, totalTail);
    }
    if (slip.rank !== undefined) {
      at = writeAscii(out, at, ',"rank":');
      at = writeAscii(out, at, String(slip.rank));
    }
    if (slip.flags !== 0)
      at += out.write(
        `,"flags":[${flagParts.filter((_, i) => (slip.flags & (1 << i)) !== 0).join(',')}]`,
        at,
      );
    out[at++] = CLOSING_BRACE;
    return at;
  };

  return (slip) => {
    for (let i = 0; i < marksOf.length; i += 1) {
      const mark = slip.marks[i] ?? NOT_TAKEN;
      if (mark === NOT_TAKEN || marksOf[i]?.has(mark) === true) continue;
      throw new FangbangError(
        'stored-data-damaged',
        'a stored slip has a mark that its definition does not know',
      );
    }
    return new SlipBody(mostBytes, slip, write);
  };
}

/**
 * The marks of a component as an answer has them, each with the comma that follows. What belongs to a mark alone is
 * one behind the other in one piece: each mark as a piece of its own was four places in memory that no other
 * candidate had just asked for, six times in a slip.
 */
class MarkTexts {
  /** Of one mark. */
  readonly mostBytes: number;
  readonly #opening: Buffer;
  readonly #own: Buffer;
  /** Where a mark's text ends, which is where the next one's begins. */
  readonly #ends: Uint32Array;

  constructor(component: Component) {
    this.#opening = Buffer.from(
      `${JSON.stringify({ code: component.code, title: component.title }).slice(0, -1)},`,
    );
    const texts = Array.from({ length: lastMarkCode(component) + 1 }, (_, code) =>
      isMeaningless(code) ? NOTHING : Buffer.from(`${markJson(component, code)}},`),
    );
    this.#own = Buffer.concat(texts);
    this.#ends = new Uint32Array(texts.length);
    let end = 0;
    for (const [code, { length }] of texts.entries()) this.#ends[code] = end += length;
    this.mostBytes = this.#opening.length + longest(texts);
  }

  /** @param mark other than NOT_TAKEN. */
  has(mark: MarkCode): boolean {
    return (this.#ends[mark - 1] ?? 0) < (this.#ends[mark] ?? 0);
  }

  /** @param mark one that it has. @returns the place behind it. */
  write(mark: MarkCode, out: Buffer, from: number): number {
    out.set(this.#opening, from);
    let at = from + this.#opening.length;
    const own = this.#own;
    const end = this.#ends[mark] ?? 0;
    // Shorter than what a call costs.
    for (let i = this.#ends[mark - 1] ?? 0; i < end; i += 1) out[at++] = own[i] ?? 0;
    return at;
  }
}

/** No mark, or room for a status to come. */
function isMeaningless(code: MarkCode): boolean {
  return code === NOT_TAKEN || (code < MARK_BASE && code > COMPONENT_STATUS_CODES.length);
}

const NOTHING = Buffer.alloc(0);
const COMMA = 44;
const CLOSING_BRACKET = 93;
const CLOSING_BRACE = 125;
/** Number and name, a character of which takes at most 6 bytes when it is escaped; total, rank, brackets. */
const MOST_BYTES_OF_VALUES = 2 * 6 * MAX_TEXT_BYTES + 512;

function writeAscii(out: Buffer, from: number, text: string): number {
  let at = from;
  for (let i = 0; i < text.length; i += 1) out[at++] = text.charCodeAt(i);
  return at;
}

function longest(parts: Iterable<Buffer>): number {
  let most = 0;
  for (const { length } of parts) most = Math.max(most, length);
  return most;
}

function markJson(component: Component, code: MarkCode): string {
  const mark = readMark(component, code);
  switch (mark.kind) {
    case 'score':
      return `"score":${mark.score},"max":${component.score?.max ?? 0}`;
    case 'grade':
      return `"grade":${JSON.stringify(mark.grade)}`;
    case 'status':
      return `"status":${JSON.stringify({ code: mark.status, title: COMPONENT_STATUS_TEXTS[mark.status] })}`;
    case 'not-taken':
      return '';
  }
}
