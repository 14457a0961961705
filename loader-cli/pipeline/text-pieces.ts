/**
 * An official file as pieces of text that end at line ends: read once, never whole in memory,
 * unpacked when it is gzip, decoded strictly, with the SHA-256 of the file as it lies there.
 *
 * Failure policy: what cannot be read to its end as text is refused whole (`file-refused`), naming
 * file and line: an encoding that cannot be told, two encodings in one file, a broken archive, a damaged
 * header. A few lines with an invalid byte or a NUL are handed on as damaged, so that only they are
 * rejected; many of them mean that the file is not what it seems, and it is refused.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FangbangError } from '#results/errors.ts';
import type { Encoding } from './encodings.ts';
import {
  afterLastLineEnd,
  decodeStrictly,
  guessDespiteDamage,
  guessEncoding,
  isAscii,
  readMark,
  splitBytes,
} from './encodings.ts';

/** A line beyond it is none: somebody gave a file of another kind. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** Why a line is no text. */
export type DamagedLine = 'invalid-byte' | 'nul-byte';

/** A piece with more damaged lines than these is not damaged but something else. */
const DAMAGED_AT_MOST = { lines: 10, share: 0.05 };

export interface TextPiece {
  /** Whole lines; only the file's last may lack its line end. */
  readonly text: string;
  /** Physical line of its first character, from 1. */
  readonly firstLine: number;
  /** Lines that are no text, by their number; in `text` they are blank. */
  readonly damaged?: ReadonlyMap<number, DamagedLine>;
}

export interface OpenedFile {
  /** Its name in reports. */
  readonly name: string;
  readonly stream: Readable;
}

export class TextPieces {
  readonly #file: OpenedFile;
  readonly #hash: Hash = createHash('sha256');
  #encoding: Encoding | undefined;
  #markBytes = 0;
  #nextLine = 1;

  constructor(file: OpenedFile) {
    this.#file = file;
  }

  /** The encoding, known once all pieces were read; a file of ASCII alone is UTF-8. */
  get encoding(): Encoding {
    return this.#encoding ?? 'utf-8';
  }

  /** SHA-256 of the file's bytes as they lie there (packed, when it is packed); once, after the last piece. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  /** @throws FangbangError `file-refused`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TextPiece> {
    let rest: Buffer = Buffer.alloc(0);
    let isStart = true;
    for await (const chunk of this.#unpacked()) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (isStart) {
        if (rest.length < 4) continue;
        rest = this.#readStart(rest);
        isStart = false;
      }
      const end = afterLastLineEnd(rest, this.#encoding);
      if (end > 0) {
        yield this.#decode(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
      if (rest.length > MAX_LINE_BYTES)
        throw this.#refuse(this.#nextLine, 'the line is longer than 4 MB: this is not a CSV file');
    }
    if (isStart) rest = this.#readStart(rest);
    if (rest.length > 0) yield this.#decode(rest);
    if (this.#nextLine === 1)
      throw new FangbangError('file-refused', `${this.#file.name}: the file is empty`);
  }

  /** Takes the mark off. */
  #readStart(start: Buffer): Buffer {
    if (start.subarray(0, 2).equals(Buffer.from('PK')) || start.subarray(0, 4).equals(OLD_EXCEL)) {
      throw new FangbangError(
        'file-refused',
        `${this.#file.name}: this is an Excel workbook or an archive, not a CSV file`,
        {
          hint: 'save it from Excel as CSV (or CSV UTF-8)',
        },
      );
    }
    const mark = readMark(start);
    this.#encoding = mark?.encoding;
    this.#markBytes = mark?.markBytes ?? 0;
    return start.subarray(this.#markBytes);
  }

  #decode(bytes: Buffer): TextPiece {
    if (this.#encoding === undefined && !isAscii(bytes)) {
      this.#encoding = guessEncoding(bytes) ?? guessDespiteDamage(bytes);
      if (this.#encoding === undefined)
        throw this.#nextLine === 1 && bytes.includes(0)
          ? this.#damagedHeader('nul-byte')
          : this.#undecided(bytes);
    }
    const firstLine = this.#nextLine;
    const text = decodeStrictly(bytes, this.encoding);
    const piece = text === undefined || text.includes('\0') ? this.#decodeByLine(bytes) : { text, firstLine };
    this.#nextLine += countLines(piece.text);
    return piece;
  }

  /** What is no text as a whole, line by line. */
  #decodeByLine(bytes: Buffer): TextPiece {
    const firstLine = this.#nextLine;
    const damaged = new Map<number, DamagedLine>();
    const lines: string[] = [];
    for (const one of splitBytes(bytes, this.encoding)) {
      const line = firstLine + lines.length;
      const text = decodeStrictly(one, this.encoding);
      if (text !== undefined && !text.includes('\0')) {
        lines.push(text);
        continue;
      }
      const fault = text === undefined ? 'invalid-byte' : 'nul-byte';
      if (line === 1) throw this.#damagedHeader(fault);
      if (
        fault === 'invalid-byte' &&
        this.encoding === 'gb18030' &&
        decodeStrictly(one, 'utf-8') !== undefined
      ) {
        // Other lines of UTF-8 would pass as GB18030, with other names.
        throw this.#refuse(line, 'the line is UTF-8, those before it are GB18030', {
          hint: 'the file is put together from files of two encodings: give them one by one',
        });
      }
      damaged.set(line, fault);
      // The last line of the file may have no end; it must be seen all the same.
      lines.push(afterLastLineEnd(one, this.encoding) > 0 ? '\n' : ' ');
    }
    if (damaged.size > Math.max(DAMAGED_AT_MOST.lines, lines.length * DAMAGED_AT_MOST.share)) {
      throw this.#refuse(
        [...damaged.keys()][0] ?? firstLine,
        `there are invalid bytes here and in ${damaged.size - 1} more lines near by (the file is read as ${this.#readAs()})`,
        { hint: 'the file is damaged or has another encoding: export it again as UTF-8 or GB18030' },
      );
    }
    return { text: lines.join(''), firstLine, damaged };
  }

  #damagedHeader(fault: DamagedLine): FangbangError {
    return fault === 'nul-byte'
      ? this.#refuse(1, 'there is a NUL byte in the header', {
          hint: 'the file is damaged, or UTF-16 without a byte-order mark: save it as UTF-8 or GB18030',
        })
      : this.#refuse(1, `there is an invalid byte in the header (the file is read as ${this.#readAs()})`, {
          hint: 'the file is damaged or has another encoding: export it again as UTF-8 or GB18030',
        });
  }

  #readAs(): string {
    return `${this.encoding}${this.#markBytes > 0 ? ', as its byte-order mark says' : ''}`;
  }

  /** Neither UTF-8 nor GB18030: says where each of them ends; it was most likely the one that went on longer. */
  #undecided(bytes: Buffer): FangbangError {
    const utf8 = this.#firstInvalidLine(bytes, 'utf-8');
    const gb18030 = this.#firstInvalidLine(bytes, 'gb18030');
    return this.#refuse(Math.max(utf8, gb18030), 'the encoding cannot be told', {
      hint: 'save the file as UTF-8 or GB18030',
      faults: [
        'there is no byte-order mark',
        `it is not UTF-8: line ${utf8} has an invalid byte`,
        `it is not GB18030 (GBK, GB2312): line ${gb18030} has an invalid byte`,
      ],
    });
  }

  #firstInvalidLine(bytes: Buffer, encoding: Encoding): number {
    let line = this.#nextLine;
    for (const one of splitBytes(bytes, encoding)) {
      if (decodeStrictly(one, encoding) === undefined) return line;
      line += 1;
    }
    return line;
  }

  #refuse(line: number, message: string, options: { hint?: string; faults?: string[] } = {}): FangbangError {
    return new FangbangError('file-refused', `${this.#file.name}, line ${line}: ${message}`, options);
  }

  /** The bytes, unpacked when they begin as gzip does. */
  async *#unpacked(): AsyncGenerator<Buffer> {
    const source = this.#hashed();
    const first = await source.next();
    if (first.done === true) return;
    const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
    if (!isGzip) {
      yield first.value;
      yield* source;
      return;
    }
    const packed = Readable.from(prepend(first.value, source), { objectMode: false });
    const gunzip = createGunzip({ chunkSize: 1024 * 1024 });
    packed.on('error', (error) => gunzip.destroy(error));
    packed.pipe(gunzip);
    try {
      for await (const chunk of gunzip) yield chunk as Buffer;
    } catch (cause) {
      if (cause instanceof FangbangError) throw cause;
      throw new FangbangError('file-refused', `${this.#file.name}: the gzip archive is damaged or cut off`, {
        hint: 'transfer the file again',
        cause,
      });
    } finally {
      packed.destroy();
    }
  }

  async *#hashed(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#file.stream) {
        const bytes = chunk as Buffer;
        this.#hash.update(bytes);
        yield bytes;
      }
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error';
      throw new FangbangError('file-refused', `${this.#file.name} cannot be read (${code})`, {
        hint: 'check the path and the rights on the file',
        cause,
      });
    }
  }
}

const OLD_EXCEL = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** Lines that begin in the text; the last may lack its end. */
function countLines(text: string): number {
  let lines = text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
