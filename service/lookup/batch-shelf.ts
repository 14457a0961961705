/**
 * The batches that an instance can answer from: each with its definition's codec, its pepper and
 * its membership filter, loaded before the batch is needed (current, next, previous).
 *
 * Failure policy: loading goes on in the background, one batch after the other, so that a large
 * filter neither delays a poll nor another series. With Postgres away it is tried again at the next
 * poll. A batch that this instance cannot serve (pepper not in the file, damaged filter, another
 * codec) is logged loudly and stays unusable: its series answers 503, the others go on.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { makeCredentialDigest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import type { SetCounters } from '#results/limit-keys.ts';
import { makeSetCounters } from '#results/limit-keys.ts';
import { MembershipFilter } from '#results/membership-filter.ts';
import type { SealNonce } from '#results/seal.ts';
import { makeSealNonce } from '#results/seal.ts';
import type { SlipCodec } from '#results/slip-codec.ts';
import { CODEC_VERSION, makeSlipCodec } from '#results/slip-codec.ts';
import type { Logger } from './observer.ts';
import { faultName } from './observer.ts';
import type { BatchFacts, PublicationSource } from './publication-source.ts';

/** What it takes to answer from a batch. */
export interface LoadedBatch {
  readonly definition: SeriesDefinition;
  readonly codec: SlipCodec;
  readonly nonce: SealNonce;
  readonly filter: MembershipFilter;
  /** By the name of the credential set. */
  readonly sets: ReadonlyMap<string, KeyedSet>;
}

/** A credential set under the batch's pepper; both take the normalised values in the set's order. */
export interface KeyedSet {
  readonly digestOf: (values: readonly string[]) => Digest;
  /** What limits guessing at the values. */
  readonly countersOf: SetCounters;
}

/** A batch's place on the shelf; `loaded` is filled in when it is there. */
export interface BatchSlot {
  readonly number: number;
  readonly loaded: LoadedBatch | undefined;
  readonly state: 'loading' | 'ready' | 'unusable';
}

export interface WantedBatch {
  readonly facts: BatchFacts;
  readonly definition: SeriesDefinition;
}

/** An unusable batch is looked at again: somebody may have mended the stored filter. */
const TRY_UNUSABLE_AGAIN_MS = 30_000;

type Slot = {
  -readonly [K in keyof BatchSlot]: BatchSlot[K];
} & { readonly wanted: WantedBatch; busy: boolean; triedAtMs: number };

export class BatchShelf {
  readonly #source: PublicationSource;
  readonly #peppers: readonly Pepper[];
  readonly #log: Logger;
  readonly #monotonicMs: () => number;
  #slots = new Map<number, Slot>();
  #line: Promise<void> = Promise.resolve();

  constructor(deps: {
    source: PublicationSource;
    peppers: readonly Pepper[];
    log: Logger;
    monotonicMs: () => number;
  }) {
    this.#source = deps.source;
    this.#peppers = deps.peppers;
    this.#log = deps.log;
    this.#monotonicMs = deps.monotonicMs;
  }

  /** Whether nothing is left to load. */
  get isSettled(): boolean {
    return [...this.#slots.values()].every((slot) => slot.state !== 'loading');
  }

  /** Starts loading what is new, tries again what failed, and lets go of every other batch. */
  keep(wanted: readonly WantedBatch[]): void {
    const kept = new Map<number, Slot>();
    for (const one of wanted) {
      const { number } = one.facts;
      kept.set(
        number,
        this.#slots.get(number) ?? {
          number,
          wanted: one,
          loaded: undefined,
          state: 'loading',
          busy: false,
          triedAtMs: Number.NEGATIVE_INFINITY,
        },
      );
    }
    this.#slots = kept;
    for (const slot of kept.values()) this.#startLoading(slot);
  }

  /** The place of a batch that `keep` was told of. */
  slot(number: number): BatchSlot | undefined {
    return this.#slots.get(number);
  }

  /** Resolves when the loading that has been started is over, well or not. */
  async settled(): Promise<void> {
    await this.#line;
  }

  #startLoading(slot: Slot): void {
    if (slot.state === 'ready' || slot.busy) return;
    if (slot.state === 'unusable' && this.#monotonicMs() - slot.triedAtMs < TRY_UNUSABLE_AGAIN_MS) return;
    slot.busy = true;
    this.#line = this.#line.then(() => this.#load(slot));
  }

  /** Never rejects. */
  async #load(slot: Slot): Promise<void> {
    try {
      // Given up while it stood in line.
      if (this.#slots.get(slot.number) !== slot) return;
      const startedMs = this.#monotonicMs();
      slot.triedAtMs = startedMs;
      slot.loaded = await this.#read(slot.wanted);
      slot.state = 'ready';
      this.#log.info('a batch is ready to be served', {
        series: slot.wanted.definition.id,
        batch: slot.number,
        count: slot.wanted.facts.candidates,
        milliseconds: Math.round(this.#monotonicMs() - startedMs),
      });
    } catch (error) {
      const fields = { series: slot.wanted.definition.id, batch: slot.number, fault: faultName(error) };
      if (error instanceof FangbangError) {
        slot.state = 'unusable';
        this.#log.error(`a batch cannot be served: ${error.message}`, {
          ...fields,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        });
      } else {
        this.#log.warn('a batch could not be loaded, it is tried again', fields);
      }
    } finally {
      slot.busy = false;
    }
  }

  async #read({ facts, definition }: WantedBatch): Promise<LoadedBatch> {
    const pepper = this.#peppers.find((p) => p.fingerprint === facts.pepperFingerprint);
    if (pepper === undefined) {
      throw new FangbangError(
        'pepper-unknown',
        `the pepper ${facts.pepperFingerprint} of batch ${facts.number} is not in the pepper file`,
        { hint: 'give the service the pepper file that the loader used, with all its lines, and restart it' },
      );
    }
    if (facts.codecVersion !== CODEC_VERSION) {
      throw new FangbangError(
        'stored-data-damaged',
        `batch ${facts.number} was written by codec ${facts.codecVersion}, this program reads ${CODEC_VERSION}`,
        { hint: 'run the service of the version that loaded the batch, or load it again' },
      );
    }
    const filter = MembershipFilter.fromChunks(
      await this.#source.readFilterChunks(facts.number),
      facts.filterBits,
      Buffer.from(facts.filterSha256, 'hex'),
    );
    return {
      definition,
      codec: makeSlipCodec(definition),
      nonce: makeSealNonce(facts.codecVersion, Buffer.from(facts.nonceSalt, 'hex')),
      filter,
      sets: new Map(
        definition.credentialSets.map((set): [string, KeyedSet] => [
          set.name,
          {
            digestOf: makeCredentialDigest(pepper, definition.id, set.name),
            countersOf: makeSetCounters(pepper, definition, set),
          },
        ]),
      ),
    };
  }
}
