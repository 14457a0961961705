/**
 * Whether an answer tells anything before T: a score, or something by which right and wrong credentials, another
 * instance or another moment can be told apart.
 */
import { isDeepStrictEqual } from 'node:util';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import type { TestCandidate } from '../../helpers/batch.ts';
import { expectedMarks } from '../../helpers/batch.ts';
import type { TimedAnswer } from './asker.ts';
import type { PostgresTime } from './postgres-time.ts';
import type { Try } from './tries.ts';

export interface Told {
  readonly kind: string;
  readonly where: string;
  readonly what: string;
}

/** Each answer has its own of these; what they say is held against Postgres's clock. */
const OWN_HEADERS = new Set(['date', 'x-request-id', 'server-timing', 'retry-after', 'set-cookie']);
/** Both clocks are cut to whole seconds, and a busy machine sends late. */
const NEAR_MS = 2_000;

export class Judge {
  /** Answers that came before T for certain and had a word to say. */
  judged = 0;
  /** 503, or 429 while Redis has no time: no word about anything, and no try. */
  later = 0;
  readonly scores: Told[] = [];
  readonly told: Told[] = [];
  readonly #time: PostgresTime;
  readonly #shapes = new Map<string, string>();

  constructor(time: PostgresTime) {
    this.#time = time;
  }

  /** Kinds of tries that had an answer. */
  get kinds(): readonly string[] {
    return [...new Set([...this.#shapes.keys()].map((kind) => kind.replace(/ \d{14}$/, '')))].sort();
  }

  /** @param where which instance. */
  take(one: Try, answer: TimedAnswer, where: string): void {
    if (this.#time.mostAt(answer.receivedMs) >= one.series.opensAtMs) return;
    if (answer.status === 503 || answer.status === 429) {
      this.later += 1;
      return;
    }
    this.judged += 1;
    const { kind } = one;
    if (hasScore(one, answer)) {
      this.scores.push({ kind, where, what: `status ${answer.status}` });
      return;
    }
    const what = this.#fault(one, answer);
    if (what !== undefined) this.told.push({ kind, where, what });
  }

  #fault(one: Try, answer: TimedAnswer): string | undefined {
    if (answer.status !== one.status) return `status ${answer.status}`;
    const shape = shapeOf(one, answer);
    const known = this.#shapes.get(one.kind);
    if (known === undefined) this.#shapes.set(one.kind, shape);
    else if (known !== shape) return `another answer: ${difference(known, shape)}`;
    return this.#wrongTime(one, answer);
  }

  /** What is said of the time must be Postgres's. */
  #wrongTime({ series }: Try, { headers, sentMs, receivedMs }: TimedAnswer): string | undefined {
    const isNear = (ms: number): boolean =>
      ms >= this.#time.leastAt(sentMs) - NEAR_MS && ms <= this.#time.mostAt(receivedMs) + NEAR_MS;
    const wait = headers['retry-after'];
    if (wait !== undefined && !isNear(series.opensAtMs - Number(wait) * 1_000))
      return `Retry-After ${wait} s`;
    const now = /now;dur=(\d+)/.exec(headers['server-timing'] ?? '')?.[1];
    return now !== undefined && !isNear(Number(now)) ? 'the time for pages' : undefined;
  }
}

/** Whether the answer is the slip of this candidate, of this batch. */
export function isSlip(
  answer: TimedAnswer,
  definition: SeriesDefinition,
  candidate: TestCandidate,
  batch: number,
): boolean {
  if (answer.status !== 200) return false;
  const given = JSON.parse(answer.body.toString()) as Record<string, unknown>;
  return (
    (given['batch'] as { number?: unknown } | undefined)?.number === batch &&
    Object.entries(expectedMarks(definition, candidate)).every(([name, value]) =>
      isDeepStrictEqual(given[name], value),
    )
  );
}

function hasScore({ status, slip, series }: Try, answer: TimedAnswer): boolean {
  if (answer.status !== 200) return false;
  if (status !== 200) return true;
  return slip !== undefined && !isSlip(answer, series.definition, slip, series.before?.number ?? 0);
}

/** All that a reader sees, without what every answer has its own of and what a form gives back. */
function shapeOf({ kind, typed }: Try, { status, headers, body }: TimedAnswer): string {
  const head = Object.entries(headers)
    .map(([name, value]) => `${name}: ${OWN_HEADERS.has(name) ? '' : value}`)
    .toSorted();
  let text = body.toString().replace(/"requestId":"[0-9a-f]{16}"/, '');
  if (kind === 'form')
    for (const [name, value] of Object.entries(typed)) text = text.replaceAll(`"${value}"`, `"<${name}>"`);
  return [status, ...head, '', text].join('\n');
}

/** The first piece that differs, of the made-up data of a drill. */
function difference(known: string, seen: string): string {
  const [a, b] = [known.split('\n'), seen.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  const [first = '', second = ''] = [a[at], b[at]];
  let from = 0;
  while (from < first.length && first[from] === second[from]) from += 1;
  return `"${second.slice(Math.max(0, from - 10), from + 30)}" for "${first.slice(Math.max(0, from - 10), from + 30)}"`;
}
