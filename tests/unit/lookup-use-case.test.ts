/**
 * The use case and the publications over stores that the test holds in its hand: what depends on the order of
 * events, which real stores cannot be made to repeat. With real stores: tests/e2e/service-*.test.ts.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EpochWatch } from '#lookup/epoch-watch.ts';
import { createLimiter } from '#lookup/limits/limiter.ts';
import { DEFAULT_LIMITS } from '#lookup/limits/settings.ts';
import type { Counted, SharedCounters } from '#lookup/limits/shared-counters.ts';
import type { Visitor } from '#lookup/limits/visitor.ts';
import type { Lookup } from '#lookup/lookup.ts';
import { createLookup } from '#lookup/lookup.ts';
import type { LogFields, Logger, LookupObserver } from '#lookup/observer.ts';
import type { SlipAnswer } from '#lookup/postgres-fallback.ts';
import type { ActFacts, PublicationSource, ServiceState } from '#lookup/publication-source.ts';
import { Publications } from '#lookup/publications.ts';
import type { CacheRead, CacheValue } from '#lookup/redis-reader.ts';
import { closedUntil, formatCounter } from '#lookup/limits/counter-value.ts';
import { plainKey } from '#lookup/wire-command.ts';
import { computeDigest, makePepper } from '#results/digest.ts';
import { MembershipFilter } from '#results/membership-filter.ts';
import { makeSealNonce, sealPayload } from '#results/seal.ts';
import { CODEC_VERSION, makeSlipCodec } from '#results/slip-codec.ts';
import { fieldsOf, gaokaoCandidates, presetDefinition } from '../helpers/batch.ts';

const definition = presetDefinition('gaokao', 'zj');
const [candidate] = gaokaoCandidates(definition, 1);
if (candidate === undefined) throw new Error('no candidate');
const fields = fieldsOf(definition, candidate);
const wrongFields = { ...fields, candidateNumber: '26330199999999' };
const pepper = makePepper(randomBytes(32));
const digest = computeDigest(pepper, 'zj', 'number-and-identity', Object.values(fields));
const payload = makeSlipCodec(definition).encode(candidate.slip);
const filter = MembershipFilter.forEntries(1);
filter.add(digest);
const salt = randomBytes(8);
const sealed = sealPayload(digest, makeSealNonce(CODEC_VERSION, salt), payload);

const NOW = Date.UTC(2026, 5, 25, 1);

function act(epoch: number, opensAtMs: number, batch: number | null): ActFacts {
  return {
    epoch,
    opensAtMs,
    corrected: false,
    batch:
      batch === null
        ? null
        : {
            number: batch,
            definitionVersion: 1,
            pepperFingerprint: pepper.fingerprint,
            nonceSalt: salt.toString('hex'),
            codecVersion: CODEC_VERSION,
            candidates: 1,
            entries: 1,
            filterBits: filter.bits,
            filterSha256: filter.sha256().toString('hex'),
            rehearsal: false,
          },
  };
}

function stateOf(epoch: number, current: ActFacts | null, next: ActFacts | null = null): ServiceState {
  return { nowMs: NOW, epoch, series: [{ id: 'zj', announced: null, current, next, previous: null }] };
}

const OPEN = stateOf(2, act(2, NOW - 1000, 1));
const WITHDRAWN = stateOf(3, act(3, NOW - 1, null));

const quiet = (): void => {};

/** Nobody that was here before, and without a proof of work. */
const VISITOR: Visitor = {
  network: 1,
  bringsProof: false,
  hasSucceeded: () => false,
  provenWork: () => Promise.resolve(undefined),
};
const ALLOWED: Counted = { verdict: { kind: 'allowed' }, epoch: 2, markers: [], network: 1 };
const UNCOUNTED: Counted = { verdict: 'away', epoch: undefined, markers: [], network: 0 };

/** Everything that a test can turn. */
class Rig {
  state: ServiceState | Error = OPEN;
  /** A poll waits for it when it is set. */
  pollGate: Promise<void> | undefined;
  polls = 0;
  cacheRead: Omit<CacheRead, 'along'> = { epoch: 2, value: sealed };
  /** A read waits for it when it is set. */
  cacheGate: Promise<void> | undefined;
  readonly cacheKeys: Buffer[] = [];
  /** Of the counters, in their order; those left out stand against nothing. */
  markers: readonly CacheValue[] = [];
  /** What the counters in Redis say. */
  counted: Counted = ALLOWED;
  raised = 0;
  slip: SlipAnswer | Promise<SlipAnswer> = { kind: 'away' };
  slipsAsked = 0;
  monotonicMs = 5_000;
  readonly healed: Buffer[] = [];
  readonly logged: { message: string; fields: LogFields | undefined }[] = [];
  readonly watch = new EpochWatch(() => this.monotonicMs);
  readonly publications: Publications;
  readonly lookup: Lookup;

  constructor() {
    const source: PublicationSource = {
      readState: async () => {
        this.polls += 1;
        const { state } = this;
        await this.pollGate;
        if (state instanceof Error) throw state;
        return state;
      },
      readDefinition: () => Promise.resolve(definition.source),
      readFilterChunks: () => Promise.resolve(filter.chunks()),
    };
    const note = (message: string, more?: LogFields): void =>
      void this.logged.push({ message, fields: more });
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const observer: LookupObserver = {
      lookup: quiet,
      redis: quiet,
      postgres: quiet,
      filter: quiet,
      poll: quiet,
      heal: quiet,
      limit: quiet,
    };
    this.publications = new Publications({
      source,
      peppers: [pepper],
      log,
      observer,
      monotonicMs: () => this.monotonicMs,
    });
    this.lookup = createLookup({
      publications: this.publications,
      watch: this.watch,
      cache: {
        read: async (key, along) => {
          this.cacheKeys.push(Buffer.from(plainKey(key)));
          await this.cacheGate;
          return { ...this.cacheRead, along: along.map((_, i) => this.markers[i] ?? null) };
        },
      },
      limiter: createLimiter(
        DEFAULT_LIMITS,
        {
          raise: () => {
            this.raised += 1;
            return Promise.resolve(this.counted);
          },
        } as unknown as SharedCounters,
        observer,
      ),
      store: {
        find: async () => {
          this.slipsAsked += 1;
          return await this.slip;
        },
      },
      heal: (key) => this.healed.push(key),
      log,
      observer,
    });
  }

  /** One poll, and all that it starts. */
  async poll(): Promise<boolean> {
    const isRead = await this.publications.refresh();
    await new Promise(setImmediate);
    return isRead;
  }

  /** Time goes by; Redis is heard meanwhile, unless it is away. */
  age(ms: number, inRedis: number | 'away' = 2): void {
    for (const endMs = this.monotonicMs + ms; this.monotonicMs < endMs;) {
      this.monotonicMs = Math.min(endMs, this.monotonicMs + 1_000);
      if (inRedis !== 'away') this.watch.heard(inRedis, this.monotonicMs);
    }
  }

  async ask(some: Record<string, string> = fields): Promise<string> {
    return (await this.lookup('zj', some, VISITOR)).kind;
  }
}

async function makeRig(): Promise<Rig> {
  const rig = new Rig();
  await rig.poll();
  return rig;
}

describe('a lookup', () => {
  it('is unavailable before the first poll, and the instance is not ready', async () => {
    const rig = new Rig();
    expect(await rig.ask()).toBe('unavailable');
    expect(rig.publications.isReady).toBe(false);
    await rig.poll();
    expect(await rig.ask()).toBe('found');
    expect(rig.publications.isReady).toBe(true);
  });

  it('has an outcome although the store never answers', async () => {
    const rig = await makeRig();
    rig.cacheRead = { epoch: 2, value: null };
    rig.slip = new Promise(() => {});
    expect(await rig.ask()).toBe('unavailable');
  });

  it('has an outcome although Redis knows of an act and the poll never ends', async () => {
    const rig = await makeRig();
    rig.pollGate = new Promise(() => {});
    rig.cacheRead = { epoch: 3, value: sealed };
    expect(await rig.ask()).toBe('unavailable');
  });

  it('is refused by the marker of one counter, also when that of the other cannot be read', async () => {
    const closed = Buffer.from(formatCounter(closedUntil(NOW + 60_000)));
    const askWith = async (markers: readonly CacheValue[]): Promise<string> => {
      // What one instance has learned it remembers.
      const rig = await makeRig();
      rig.markers = markers;
      return await rig.ask();
    };
    for (const markers of [[closed], [closed, 'away'], ['away', closed]] as const)
      expect(await askWith(markers)).toBe('limited');
    expect(await askWith([null, 'away'])).toBe('found');
  });

  it('for nobody known is counted, and asks neither the cache nor Postgres', async () => {
    const rig = await makeRig();
    expect(await rig.ask(wrongFields)).toBe('absent');
    expect(rig.raised).toBe(1);
    expect(rig.cacheKeys).toEqual([]);
    expect(rig.slipsAsked).toBe(0);
  });

  it('is unavailable when Redis was away for long, although it knows of no act since, until the next poll', async () => {
    const rig = await makeRig();
    rig.age(1_000);
    expect(await rig.ask()).toBe('found');
    rig.age(12_000, 'away');
    rig.age(1_000);
    expect(await rig.ask()).toBe('unavailable');
    rig.counted = ALLOWED;
    expect(await rig.ask(wrongFields)).toBe('unavailable');
    await rig.poll();
    rig.age(60_000);
    expect(await rig.ask()).toBe('found');
  });

  it('of a closed series is unavailable when Redis knows of an act that cannot be read for long', async () => {
    const rig = new Rig();
    rig.state = WITHDRAWN;
    await rig.poll();
    rig.age(2_000, 9);
    expect(await rig.ask()).toBe('notReleased');
    rig.age(1_000, 9);
    expect(await rig.ask()).toBe('unavailable');
    expect((await rig.lookup('no-such', fields, VISITOR)).kind).toBe('unavailable');
  });

  it.each([
    ['is absent by an equal epoch', 60_000, ALLOWED, 'absent'],
    ['asks for a proof of work without word from Redis', 9_999, UNCOUNTED, 'proofRequired'],
    ['is unavailable without word from Redis after 10 s', 10_000, UNCOUNTED, 'unavailable'],
  ])('for nobody known, when the last poll is old, %s', async (_t, ageMs, counted, kind) => {
    const rig = await makeRig();
    rig.age(ageMs);
    rig.counted = counted;
    expect(await rig.ask(wrongFields)).toBe(kind);
    expect(rig.slipsAsked).toBe(0);
  });

  it('for nobody known is not absent when an act has happened since, and is counted once', async () => {
    const rig = await makeRig();
    rig.monotonicMs += 5_000;
    rig.counted = { ...ALLOWED, epoch: 3 };
    rig.state = WITHDRAWN;
    expect(await rig.ask(wrongFields)).toBe('notReleased');
    rig.state = stateOf(4, act(4, NOW - 1, 1));
    rig.counted = { ...ALLOWED, epoch: 4 };
    await rig.poll();
    rig.counted = { ...ALLOWED, epoch: 5 };
    rig.state = stateOf(5, act(5, NOW - 1, 1));
    rig.raised = 0;
    expect(await rig.ask(wrongFields)).toBe('absent');
    expect(rig.raised).toBe(1);
  });

  it('that learns of an act from Redis waits for one poll and answers by it', async () => {
    const rig = await makeRig();
    rig.cacheRead = { epoch: 3, value: sealed };
    rig.state = WITHDRAWN;
    expect(await rig.ask()).toBe('notReleased');
    expect(rig.polls).toBe(2);
  });

  it('is not satisfied by a poll that was under way before the act', async () => {
    const rig = await makeRig();
    const { promise, resolve: release } = Promise.withResolvers<void>();
    rig.pollGate = promise;
    const underWay = rig.publications.refresh();
    rig.state = WITHDRAWN;
    rig.cacheRead = { epoch: 3, value: sealed };
    const asked = rig.ask();
    await new Promise(setImmediate);
    rig.pollGate = undefined;
    release();
    await underWay;
    expect(await asked).toBe('notReleased');
    expect(rig.polls).toBe(3);
  });

  it('is not answered by what it knew when a poll learned of the act while it read', async () => {
    const rig = await makeRig();
    const { promise, resolve: release } = Promise.withResolvers<void>();
    rig.cacheGate = promise;
    rig.cacheRead = { epoch: 3, value: sealed };
    const asked = rig.ask();
    await new Promise(setImmediate);
    rig.state = WITHDRAWN;
    await rig.poll();
    expect(rig.publications.epoch).toBe(3);
    release();
    expect(await asked).toBe('notReleased');
  });

  it('does not poll again and again for an epoch that Postgres does not have', async () => {
    const rig = await makeRig();
    rig.cacheRead = { epoch: 99, value: sealed };
    for (let i = 0; i < 50; i += 1) expect(await rig.ask()).toBe('unavailable');
    expect(rig.polls).toBe(3);
    rig.monotonicMs += 300;
    await rig.ask();
    expect(rig.polls).toBe(5);
  });

  it('is answered from Postgres, and heals, when the value is damaged or nobody vouches for it', async () => {
    const rig = await makeRig();
    rig.slip = { kind: 'found', payload };
    rig.cacheRead = { epoch: 2, value: Buffer.from(sealed.map((byte, i) => (i === 0 ? byte ^ 1 : byte))) };
    expect(await rig.ask()).toBe('found');
    expect(rig.healed).toHaveLength(1);
    rig.monotonicMs += 10_000;
    rig.cacheRead = { epoch: undefined, value: sealed };
    expect(await rig.ask()).toBe('found');
    expect(rig.slipsAsked).toBe(2);
  });

  it.each([
    ['absent', 'absent'],
    ['away', 'unavailable'],
    ['refused', 'unavailable'],
  ] as const)('that Postgres knows as %s is %s', async (kind, outcome) => {
    const rig = await makeRig();
    rig.cacheRead = { epoch: 2, value: null };
    rig.slip = { kind };
    expect(await rig.ask()).toBe(outcome);
  });

  it('of a batch that Postgres calls closed is answered by the next poll', async () => {
    const rig = await makeRig();
    rig.cacheRead = { epoch: undefined, value: 'away' };
    rig.slip = { kind: 'closed' };
    rig.state = WITHDRAWN;
    expect(await rig.ask()).toBe('notReleased');
  });

  it('of a batch that stays closed is unavailable and ends', async () => {
    const rig = await makeRig();
    rig.cacheRead = { epoch: undefined, value: 'away' };
    rig.slip = { kind: 'closed' };
    expect(await rig.ask()).toBe('unavailable');
    expect(rig.slipsAsked).toBe(2);
  });
});

describe('the publications', () => {
  it('open a batch at its time by the clock of the database, without a poll', async () => {
    const rig = new Rig();
    rig.state = stateOf(2, null, act(2, NOW + 4_000, 1));
    await rig.poll();
    rig.monotonicMs += 3_999;
    expect(await rig.lookup('zj', fields, VISITOR)).toMatchObject({
      kind: 'notReleased',
      releaseAtMs: NOW + 4_000,
      secondsLeft: 1,
    });
    rig.monotonicMs += 1;
    expect(await rig.ask()).toBe('found');
    expect(rig.polls).toBe(1);
  });

  it('keep what they know when a poll fails, and say so once', async () => {
    const rig = await makeRig();
    rig.state = Object.assign(new Error('connect secret'), { code: 'ECONNREFUSED' });
    for (let i = 0; i < 5; i += 1) expect(await rig.poll()).toBe(false);
    expect(await rig.ask()).toBe('found');
    const said = rig.logged.filter(({ fields: f }) => f?.fault === 'ECONNREFUSED');
    expect(said).toHaveLength(1);
    expect(JSON.stringify(rig.logged)).not.toContain('secret');
  });

  it('do not follow a database that has gone back, since a taking back may be missing there', async () => {
    const rig = new Rig();
    rig.state = WITHDRAWN;
    await rig.poll();
    rig.state = OPEN;
    expect(await rig.poll()).toBe(false);
    expect(await rig.ask()).toBe('notReleased');
  });

  it('let go of a series that is no longer announced', async () => {
    const rig = await makeRig();
    rig.state = { nowMs: NOW, epoch: 3, series: [] };
    await rig.poll();
    expect(await rig.ask()).toBe('seriesUnknown');
    expect(rig.publications.list()).toEqual([]);
  });
});
