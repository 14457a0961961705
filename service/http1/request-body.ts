/**
 * Bodies as they arrive, in pieces: of a length that was announced, or in chunks (RFC 9112, section 7.1).
 */

/** What has come so far: all of it, not yet, or a status for its refusal. */
export type BodyState = 'done' | 'more' | 400 | 413;

export interface RequestBody {
  readonly state: BodyState;
  /** When it is done. */
  readonly bytes: Buffer;
  /** Takes what it needs. @returns how many bytes it took. */
  take(input: Buffer): number;
}

export class SizedBody implements RequestBody {
  readonly bytes: Buffer;
  #has = 0;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafe(length);
  }

  get state(): BodyState {
    return this.#has === this.bytes.length ? 'done' : 'more';
  }

  take(input: Buffer): number {
    const taken = input.copy(this.bytes, this.#has);
    this.#has += taken;
    return taken;
  }
}

/** Of a chunk's size and its extensions, and of a trailer. */
const MOST_LINE_BYTES = 256;
/** After the last chunk; nobody sends any. */
const MOST_TRAILERS = 16;
const SIZE_LINE = /^(?<size>[0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7E\x80-\xFF]*)?$/;
const TRAILER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7E\x80-\xFF]*$/;
const CR = 13;
const LF = 10;

export class ChunkedBody implements RequestBody {
  readonly #mostBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #line = '';
  /** What comes next: a chunk's size, its bytes, the line end after them, or trailers. */
  #part: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  #left = 0;
  #trailers = 0;
  #state: BodyState = 'more';

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get state(): BodyState {
    return this.#state;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  take(input: Buffer): number {
    let at = 0;
    while (at < input.length && this.#state === 'more') {
      if (this.#part === 'data') {
        const piece = input.subarray(at, at + this.#left);
        this.#chunks.push(piece);
        this.#left -= piece.length;
        at += piece.length;
        if (this.#left === 0) this.#part = 'data-end';
      } else {
        this.#takeByte(input[at] ?? 0);
        at += 1;
      }
    }
    return at;
  }

  #takeByte(byte: number): void {
    const endsLine = byte === LF && this.#line.endsWith('\r');
    if (!endsLine) {
      // A line end is CR and LF together; neither stands alone.
      if (byte === LF || this.#line.endsWith('\r') || this.#line.length > MOST_LINE_BYTES) this.#state = 400;
      else if (this.#part === 'data-end' && byte !== CR) this.#state = 400;
      else this.#line += String.fromCharCode(byte);
      return;
    }
    const line = this.#line.slice(0, -1);
    this.#line = '';
    if (this.#part === 'data-end') this.#part = 'size';
    else if (this.#part === 'size') this.#startChunk(line);
    else this.#takeTrailer(line);
  }

  #startChunk(line: string): void {
    const size = SIZE_LINE.exec(line)?.groups?.['size'];
    if (size === undefined) {
      this.#state = 400;
      return;
    }
    this.#left = Number.parseInt(size, 16);
    this.#size += this.#left;
    if (this.#size > this.#mostBytes) this.#state = 413;
    this.#part = this.#left === 0 ? 'trailers' : 'data';
  }

  #takeTrailer(line: string): void {
    this.#trailers += 1;
    if (line === '') this.#state = 'done';
    else if (!TRAILER.test(line) || this.#trailers > MOST_TRAILERS) this.#state = 400;
  }
}
