/**
 * Answers of one turn of the event loop, those of all lookups for which Redis has just replied and refusals of what
 * has just come in, are put one behind the other and sent when the last of them is there. Sent as each came, our code
 * and the system's took turns a lookup long and pushed each other out of the processor's caches: a lookup and a
 * refusal took a tenth more.
 */
import { SHARED_BYTES } from './http1/answer-bytes.ts';

/** Who has an answer here. */
export interface Sender {
  /** Sends what it has in `bytes` from `from` to `to`, which is another's afterwards. */
  sendFrom(bytes: Buffer, from: number, to: number): void;
}

/** Some hundred slips: beyond them those that came first would wait for too many others. */
const ROOM_BYTES = 4 * SHARED_BYTES;

export class Outgoing {
  readonly #room = Buffer.allocUnsafeSlow(ROOM_BYTES);
  readonly #senders: Sender[] = [];
  readonly #ends: number[] = [];
  #used = 0;
  #isSending = false;
  readonly #send = (): void => this.#sendAll();

  /** Keeps the first `size` bytes until this turn's answers are there. @returns whether there was room. */
  add(sender: Sender, bytes: Buffer, size: number): boolean {
    if (size > SHARED_BYTES) return false;
    if (this.#used + size > ROOM_BYTES) {
      if (this.#isSending) return false;
      this.#sendAll();
    }
    bytes.copy(this.#room, this.#used, 0, size);
    this.#used += size;
    this.#ends.push(this.#used);
    if (this.#senders.push(sender) === 1) setImmediate(this.#send);
    return true;
  }

  #sendAll(): void {
    this.#isSending = true;
    let from = 0;
    // Who has sent may have the answer to its next request in here at once.
    for (let i = 0; i < this.#senders.length; i += 1) {
      const to = this.#ends[i] ?? from;
      this.#senders[i]?.sendFrom(this.#room, from, to);
      from = to;
    }
    this.#senders.length = 0;
    this.#ends.length = 0;
    this.#used = 0;
    this.#isSending = false;
  }
}
