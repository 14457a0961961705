/**
 * Looks at answers on their way out for those that a person may ask about: counts 500s and 503s, and logs
 * the request ids of 503s, so that what an examinee reads out to a helper is found. A 500 has its line already,
 * with the places in the program.
 *
 * Failure policy: never changes an answer. Under a flood of 503s only the first of each second are logged, and
 * how many were not: a line costs more than the refusal itself.
 */
import type { Logger } from '#lookup/observer.ts';
import type { Answer } from '../http1/answer.ts';
import { headerOf } from '../http1/answer.ts';

/** Enough to see what goes on; a helper's examinee who came at a calm moment is always among them. */
const MOST_LINES_PER_SECOND = 20;

export interface AnswerWatchDeps {
  readonly log: Logger;
  /** Told of each 500 and 503: what is 501 or 505 is the fault of who asks. */
  readonly onServerError: (status: number) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export class AnswerWatch {
  readonly #deps: AnswerWatchDeps;
  #secondBeganMs = -Infinity;
  #lines = 0;
  #unsaid = 0;

  constructor(deps: AnswerWatchDeps) {
    this.#deps = deps;
  }

  /** An answer as it goes out. */
  readonly seen = (answer: Answer): void => {
    const { status } = answer.kind;
    if (status !== 500 && status !== 503) return;
    this.#deps.onServerError(status);
    this.note(answer);
  };

  /** An answer of the API that becomes a part of another one, such as a page. @returns the answer itself. */
  readonly note = (answer: Answer): Answer => {
    if (answer.kind.status === 503 && this.#mayLog()) {
      const requestId = headerOf(answer, 'x-request-id');
      if (requestId !== undefined)
        this.#deps.log.warn('somebody was asked to come back', { requestId, ...this.#takeUnsaid() });
    }
    return answer;
  };

  #mayLog(): boolean {
    const nowMs = this.#deps.nowMs();
    if (nowMs - this.#secondBeganMs >= 1_000) {
      this.#secondBeganMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= MOST_LINES_PER_SECOND) {
      this.#unsaid += 1;
      return false;
    }
    this.#lines += 1;
    return true;
  }

  /** `count`: how many were not logged before this one. */
  #takeUnsaid(): { readonly count?: number } {
    const count = this.#unsaid;
    this.#unsaid = 0;
    return count === 0 ? {} : { count };
  }
}
