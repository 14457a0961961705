/**
 * What is open, learned from Postgres once a second and before its time, so that nothing has to
 * happen at T.
 *
 * Failure policy: when a poll fails the last snapshot stays (whether it may still be used is for the
 * epoch rule to say), and the next poll follows in a second. Nothing here rejects or throws. An
 * instance is ready when it has read the publications once and every batch it may need is loaded or
 * known to be unusable; until its first snapshot every lookup is `unavailable`.
 */
import type { AnswerTemplate } from '#results/answer.ts';
import type { Pepper } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import type { WantedBatch } from './batch-shelf.ts';
import { BatchShelf } from './batch-shelf.ts';
import { DatabaseClock } from './database-clock.ts';
import { DefinitionShelf } from './definition-shelf.ts';
import type { Logger, LookupObserver } from './observer.ts';
import { faultName } from './observer.ts';
import type { PublicationSource, ServiceState } from './publication-source.ts';
import type { SeriesTimeline, SeriesView } from './series-timeline.ts';
import { batchesOf, buildTimeline, definitionsOf } from './series-timeline.ts';

const POLL_EVERY_MS = 1_000;
/** Instances that were started together do not stay in step. */
const POLL_JITTER = 0.3;
/** After a poll could not reach a higher epoch, lookups do not make another one at once. */
const CATCH_UP_AGAIN_MS = 250;

export interface PublicationsDeps {
  readonly source: PublicationSource;
  readonly peppers: readonly Pepper[];
  readonly log: Logger;
  readonly observer: LookupObserver;
  /** Called after each poll, whether it succeeded or not, with the epoch that is known; must not throw. */
  readonly onPolled?: (epoch: number) => void;
  /** Milliseconds that only go forward. */
  readonly monotonicMs?: () => number;
}

export class Publications {
  readonly #source: PublicationSource;
  readonly #log: Logger;
  readonly #observer: LookupObserver;
  readonly #onPolled: (epoch: number) => void;
  readonly #monotonicMs: () => number;
  readonly #clock: DatabaseClock;
  readonly #definitions: DefinitionShelf;
  readonly #batches: BatchShelf;
  #answers = new Map<string, AnswerTemplate>();
  #timelines: ReadonlyMap<string, SeriesTimeline> | undefined;
  #epoch = 0;
  #polledAtMs = Number.NEGATIVE_INFINITY;
  #caughtUpAtMs = Number.NEGATIVE_INFINITY;
  #wasReady = false;
  #polling: Promise<void> | undefined;
  #lastFault: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(deps: PublicationsDeps) {
    this.#source = deps.source;
    this.#log = deps.log;
    this.#observer = deps.observer;
    this.#onPolled = deps.onPolled ?? (() => {});
    this.#monotonicMs = deps.monotonicMs ?? (() => performance.now());
    this.#clock = new DatabaseClock(this.#monotonicMs);
    this.#definitions = new DefinitionShelf(deps);
    this.#batches = new BatchShelf({ ...deps, monotonicMs: this.#monotonicMs });
  }

  /** Polls now, and then about once a second until `stop`. */
  start(): void {
    void this.#pollOnce().then(() => this.#schedule());
  }

  /** Ends the polling; resolves when a poll that is under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#polling;
    await this.#batches.settled();
  }

  /** Whether the instance may be sent lookups. Once it may, it may: static stability. */
  get isReady(): boolean {
    this.#wasReady ||= this.#timelines !== undefined && this.#batches.isSettled;
    return this.#wasReady;
  }

  /** The epoch of the snapshot; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Milliseconds since the last successful poll was sent; infinite before the first. */
  get pollAgeMs(): number {
    return this.#monotonicMs() - this.#polledAtMs;
  }

  /** Milliseconds since 1970 by the database's clock, never ahead of it; NaN before the first poll. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /**
   * The series as it is now. `unknown`: not announced and nothing published; `unusable`: it cannot
   * be served by this instance, or nothing has been read yet.
   */
  view(seriesId: string): SeriesView | 'unknown' | 'unusable' {
    if (this.#timelines === undefined) return 'unusable';
    const timeline = this.#timelines.get(seriesId);
    return timeline === undefined ? 'unknown' : (this.#viewNow(timeline) ?? 'unusable');
  }

  /** Every series that can be served, in the order of their ids; undefined before the first poll. */
  list(): SeriesView[] | undefined {
    if (this.#timelines === undefined) return undefined;
    return [...this.#timelines.values()].map((t) => this.#viewNow(t)).filter((view) => view !== undefined);
  }

  /**
   * Polls until the epoch that Redis names is known, at most twice: a poll that was already under
   * way may have been answered before the act. Shared by everybody who asks meanwhile.
   * @returns whether it is known now.
   */
  async catchUp(epoch: number): Promise<boolean> {
    if (this.#epoch >= epoch) return true;
    if (this.#monotonicMs() - this.#caughtUpAtMs < CATCH_UP_AGAIN_MS) return false;
    await this.#pollOnce();
    if (this.#epoch < epoch) await this.#pollOnce();
    if (this.#epoch >= epoch) return true;
    this.#caughtUpAtMs = this.#monotonicMs();
    return false;
  }

  /** Polls now, or joins a poll that is under way. @returns whether the last poll was successful. */
  async refresh(): Promise<boolean> {
    await this.#pollOnce();
    return this.#lastFault === undefined;
  }

  #viewNow(timeline: SeriesTimeline): SeriesView | undefined {
    return this.#clock.nowMs() >= timeline.nextAtMs ? timeline.next : timeline.now;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const spread = 1 + POLL_JITTER * (Math.random() - 0.5);
    this.#timer = setTimeout(() => {
      void this.#pollOnce().then(() => this.#schedule());
    }, POLL_EVERY_MS * spread);
  }

  #pollOnce(): Promise<void> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  async #poll(): Promise<void> {
    const sentMs = this.#monotonicMs();
    try {
      const state = await this.#source.readState();
      await this.#adopt(state, { sentMs, receivedMs: this.#monotonicMs() });
      this.#polledAtMs = sentMs;
      this.#observer.poll('read');
      if (this.#lastFault !== undefined)
        this.#log.info('the publications are read again', { epoch: this.#epoch });
      this.#lastFault = undefined;
    } catch (error) {
      this.#observer.poll('failed');
      const fault = faultName(error);
      // Said once and not every second.
      if (fault !== this.#lastFault) this.#log.error(...pollFault(error, fault));
      this.#lastFault = fault;
    }
    this.#onPolled(this.#epoch);
  }

  async #adopt(state: ServiceState, asked: { sentMs: number; receivedMs: number }): Promise<void> {
    if (state.epoch < this.#epoch) {
      // A replica that lags, or a backup: its acts of taking back are missing.
      throw new FangbangError(
        'stored-data-damaged',
        `the database has gone back from epoch ${this.#epoch} to ${state.epoch}`,
        { hint: 'if it was restored from a backup on purpose, delete the key epoch in Redis and restart' },
      );
    }
    await this.#definitions.keep(state.series.flatMap(definitionsOf));
    this.#batches.keep(
      state.series.flatMap((facts) =>
        batchesOf(facts).flatMap((batch): WantedBatch[] => {
          const definition = this.#definitions.get({ series: facts.id, version: batch.definitionVersion });
          return definition === undefined ? [] : [{ facts: batch, definition }];
        }),
      ),
    );
    const answers = new Map<string, AnswerTemplate>();
    const timelines = new Map<string, SeriesTimeline>();
    for (const facts of state.series) {
      // A publication that was cancelled before it opened leaves a series that nobody announced.
      if (facts.announced === null && facts.current === null && facts.next === null) continue;
      const timeline = buildTimeline(facts, {
        definition: (ref) => this.#definitions.get(ref),
        slot: (batch) => this.#batches.slot(batch),
        answer: (key, compile) => {
          const answer = answers.get(key) ?? this.#answers.get(key) ?? compile();
          answers.set(key, answer);
          return answer;
        },
      });
      timelines.set(facts.id, timeline);
    }
    this.#clock.set(state.nowMs, asked);
    this.#answers = answers;
    this.#timelines = timelines;
    this.#epoch = state.epoch;
  }
}

function pollFault(error: unknown, fault: string): Parameters<Logger['error']> {
  if (error instanceof FangbangError)
    return [error.message, { fault, ...(error.hint === undefined ? {} : { hint: error.hint }) }];
  // Undefined function, schema or table; missing right.
  const isSetUp = !['42883', '3F000', '42P01', '42501'].includes(fault);
  return [
    'the publications could not be read, what is known goes on being served',
    {
      fault,
      store: 'postgres',
      ...(isSetUp
        ? {}
        : { hint: 'run fangbang db migrate, and give the login of the service the role fangbang_service' }),
    },
  ];
}
