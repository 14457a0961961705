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

const FIRST_BYTES = 1024;

/** Room that grows with what comes: neither an announced length nor a piece of one byte costs more than it brings. */
class Gathered {
  readonly #most: number;
  #room: Buffer;
  size = 0;

  constructor(most: number) {
    this.#most = most;
    this.#room = Buffer.allocUnsafe(Math.min(most, FIRST_BYTES));
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.size);
  }

  /** @param piece fits into the most. */
  add(piece: Buffer): void {
    const size = this.size + piece.length;
    if (size > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.min(this.#most, Math.max(size, 2 * this.#room.length)));
      this.#room.copy(room, 0, 0, this.size);
      this.#room = room;
    }
    piece.copy(this.#room, this.size);
    this.size = size;
  }
}

export class SizedBody implements RequestBody {
  readonly #length: number;
  readonly #gathered: Gathered;

  constructor(length: number) {
    this.#length = length;
    this.#gathered = new Gathered(length);
  }

  get state(): BodyState {
    return this.#gathered.size === this.#length ? 'done' : 'more';
  }

  get bytes(): Buffer {
    return this.#gathered.bytes;
  }

  take(input: Buffer): number {
    const piece = input.subarray(0, this.#length - this.#gathered.size);
    this.#gathered.add(piece);
    return piece.length;
  }
}

/** Of a chunk's size and its extensions, and of a trailer. */
const MOST_LINE_BYTES = 256;
/** After the last chunk; nobody sends any. */
const MOST_TRAILERS = 16;
/** With extensions, which nobody reads: names, alone or with a token or a quoted text. */
const SIZE_LINE =
  /^(?<size>[0-9A-Fa-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t !#-[\]-~]|\\[\t -~])*"))?)*$/;
const TRAILER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7E\x80-\xFF]*$/;
const CR = 13;
const LF = 10;

export class ChunkedBody implements RequestBody {
  readonly #mostBytes: number;
  readonly #gathered: Gathered;
  #line = '';
  #isAfterCr = false;
  /** What comes next: a chunk's size, its bytes, the line end after them, or trailers. */
  #part: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  #left = 0;
  #trailers = 0;
  #state: BodyState = 'more';

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#gathered = new Gathered(mostBytes);
  }

  get state(): BodyState {
    return this.#state;
  }

  get bytes(): Buffer {
    return this.#gathered.bytes;
  }

  take(input: Buffer): number {
    let at = 0;
    while (at < input.length && this.#state === 'more') {
      if (this.#part === 'data') {
        const piece = input.subarray(at, at + this.#left);
        this.#gathered.add(piece);
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
    if (this.#isAfterCr) {
      this.#isAfterCr = false;
      // A line end is CR and LF together; neither stands alone.
      if (byte === LF) this.#takeLine();
      else this.#state = 400;
    } else if (byte === CR) this.#isAfterCr = true;
    else if (byte === LF || this.#part === 'data-end' || this.#line.length === MOST_LINE_BYTES)
      this.#state = 400;
    else this.#line += String.fromCharCode(byte);
  }

  #takeLine(): void {
    const line = this.#line;
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
    if (this.#gathered.size + this.#left > this.#mostBytes) this.#state = 413;
    this.#part = this.#left === 0 ? 'trailers' : 'data';
  }

  #takeTrailer(line: string): void {
    this.#trailers += 1;
    if (line === '') this.#state = 'done';
    else if (!TRAILER.test(line) || this.#trailers > MOST_TRAILERS) this.#state = 400;
  }
}
