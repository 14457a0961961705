/**
 * @module A constant load on one instance, every answer read for the versions of the results that it can be of.
 *
 * Failure policy: what gets no answer within 10 s is `broken`; nothing is asked a second time but for a proof of work.
 */
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import { lookupWithProof } from '../../helpers/proof-of-work.ts';
import { readAnswer, type Batch, type Person, type Reading } from './people.ts';

export interface Asked {
  /** Milliseconds by performance.now. */
  readonly sentMs: number;
  readonly doneMs: number;
  readonly reading: Reading | { readonly kind: 'broken'; readonly why: string };
}

export interface Asking {
  readonly answers: readonly Asked[];
  /** No more requests; resolves when all are answered. */
  readonly stop: () => Promise<void>;
}

export interface AskingOptions {
  readonly url: string;
  readonly definition: SeriesDefinition;
  readonly numbers: Readonly<Record<Batch, number>>;
  /** Asked for in this order, again and again. */
  readonly people: readonly Person[];
  readonly perSecond: number;
}

export function startAsking({ url, definition, numbers, people, perSecond }: AskingOptions): Asking {
  const answers: Asked[] = [];
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  const ask = async (person: Person): Promise<void> => {
    const sentMs = performance.now();
    let reading: Asked['reading'];
    try {
      const answer = await lookupWithProof(url, definition.id, person.fields);
      reading = readAnswer(definition, numbers, person, answer);
    } catch (fault) {
      reading = { kind: 'broken', why: String(fault) };
    }
    answers.push({ sentMs, doneMs: performance.now(), reading });
  };
  const timer = setInterval(() => {
    const person = people[sent % people.length];
    if (person === undefined) throw new Error('nobody to ask for');
    sent += 1;
    const run = ask(person).finally(() => underWay.delete(run));
    underWay.add(run);
  }, 1_000 / perSecond);
  return {
    answers,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
