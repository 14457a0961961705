/**
 * A series as the examinees see it now and, when an act is still to open, from then on. Built once
 * per poll, so that a lookup only compares two times.
 */
import type { AnswerTemplate } from '#results/answer.ts';
import { compileAnswer, showInstant } from '#results/answer.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import type { BatchSlot } from './batch-shelf.ts';
import type { DefinitionRef } from './definition-shelf.ts';
import type { ActFacts, BatchFacts, SeriesFacts } from './publication-source.ts';

export type SeriesState = 'scheduled' | 'open' | 'withdrawn';

/** The batch of an open series. */
export interface OpenBatch {
  readonly number: number;
  readonly slot: BatchSlot;
  /** The answer of this publication: it names its time, and whether it corrects an earlier one. */
  readonly answer: AnswerTemplate;
}

export interface SeriesView {
  readonly id: string;
  /** What a candidate is asked for, and how it is called. */
  readonly definition: SeriesDefinition;
  readonly state: SeriesState;
  /** Of an open series when it opened, else when it will, as far as that is known. */
  readonly releaseAtMs: number | null;
  /** The same in ISO 8601 in the series' time zone. */
  readonly releaseAt: string | null;
  /** Of an open series only. */
  readonly batch: OpenBatch | undefined;
}

/** A view is undefined when its definition cannot be used: then the series answers 503. */
export interface SeriesTimeline {
  readonly id: string;
  readonly now: SeriesView | undefined;
  /** In the place of `now` from `nextAtMs` on. */
  readonly next: SeriesView | undefined;
  /** Milliseconds since 1970 by the database's clock; infinite when nothing is to come. */
  readonly nextAtMs: number;
}

/** What a timeline is built from, besides the facts. */
export interface TimelineParts {
  definition(ref: DefinitionRef): SeriesDefinition | undefined;
  slot(batch: number): BatchSlot | undefined;
  /** The template of an earlier snapshot, or a new one. */
  answer(key: string, compile: () => AnswerTemplate): AnswerTemplate;
}

/** The batches that a series may need at once: open, about to open, and what a rollback would open. */
export function batchesOf(facts: SeriesFacts): BatchFacts[] {
  return [facts.current?.batch, facts.next?.batch, facts.previous].filter(
    (batch) => batch !== null && batch !== undefined,
  );
}

/** The definitions that the series' batches and its form need. */
export function definitionsOf(facts: SeriesFacts): DefinitionRef[] {
  const ofBatches = batchesOf(facts).map((b) => ({ series: facts.id, version: b.definitionVersion }));
  return [...ofBatches, formOf(facts)];
}

/** The form while nothing is open: of the batch that will open, else what was announced. */
function formOf(facts: SeriesFacts): DefinitionRef {
  return {
    series: facts.id,
    version: facts.next?.batch?.definitionVersion ?? facts.announced?.definitionVersion,
  };
}

export function buildTimeline(facts: SeriesFacts, parts: TimelineParts): SeriesTimeline {
  return {
    id: facts.id,
    now: buildView(facts, facts.current, parts),
    next: facts.next === null ? undefined : buildView(facts, facts.next, parts),
    nextAtMs: facts.next?.opensAtMs ?? Number.POSITIVE_INFINITY,
  };
}

function buildView(facts: SeriesFacts, act: ActFacts | null, parts: TimelineParts): SeriesView | undefined {
  return act === null || act.batch === null
    ? buildClosedView(facts, act, parts)
    : buildOpenView(facts.id, act, act.batch, parts);
}

function buildOpenView(
  id: string,
  act: ActFacts,
  batch: BatchFacts,
  parts: TimelineParts,
): SeriesView | undefined {
  const definition = parts.definition({ series: id, version: batch.definitionVersion });
  const slot = parts.slot(batch.number);
  if (definition === undefined || slot === undefined) return undefined;
  const publication = {
    number: batch.number,
    opensAtMs: act.opensAtMs,
    corrected: act.corrected ?? false,
    rehearsal: batch.rehearsal,
  };
  const answer = parts.answer(`${id} ${JSON.stringify(publication)}`, () =>
    compileAnswer(definition, publication),
  );
  return {
    id,
    definition,
    state: 'open',
    releaseAtMs: act.opensAtMs,
    releaseAt: showInstant(act.opensAtMs, definition.timeZone),
    batch: { number: batch.number, slot, answer },
  };
}

/** @param act null before the first publication has opened, else a withdrawal. */
function buildClosedView(
  facts: SeriesFacts,
  act: ActFacts | null,
  parts: TimelineParts,
): SeriesView | undefined {
  const definition = parts.definition(formOf(facts));
  if (definition === undefined) return undefined;
  // A withdrawal takes the announced time back, too: it may have been withdrawn just before it.
  const announcedMs = act === null ? (facts.announced?.releaseAtMs ?? null) : null;
  const releaseAtMs = facts.next?.opensAtMs ?? announcedMs;
  return {
    id: facts.id,
    definition,
    state: act === null ? 'scheduled' : 'withdrawn',
    releaseAtMs,
    releaseAt: releaseAtMs === null ? null : showInstant(releaseAtMs, definition.timeZone),
    batch: undefined,
  };
}
