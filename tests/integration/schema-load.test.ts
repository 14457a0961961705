import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addFilter,
  addSeries,
  approve,
  type Cast,
  check,
  codeOf,
  copyEntries,
  digestOf,
  filterBytes,
  gather,
  load,
  makeEntries,
  oneSlip,
  openBatch,
  type Person,
  publish,
  readyBatch,
  refusalOf,
  sealBatch,
  type SealWith,
  sha256,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

let cast: Cast;
let loader: Person;
let second: Person;

beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
  loader = cast.loader;
  second = await cast.extra(await cast.database.createLogin('second', 'fangbang_loader'));
  for (const series of ['one', 'two', 'three']) await addSeries(loader, series);
});
afterAll(() => cast.close());

/** A load up to the seal, undone at the end. */
async function inLoad<T>(work: (batch: number) => Promise<T>): Promise<T> {
  await loader.ask('begin');
  try {
    return await work(await openBatch(loader, 'one'));
  } finally {
    await loader.ask('rollback');
  }
}

test('a loaded batch has its counts, its loader by login, and its slips', async () => {
  const batch = await load(loader, 'one', makeEntries(5, 'whole'));
  const [row] = await loader.ask(
    `select loaded_by, candidates::integer, entries::integer, sealed_at is not null as sealed,
      (select count(*)::integer from fangbang.slip s where s.batch = b.number) as slips from fangbang.batch b where number = $1`,
    [batch],
  );
  expect(row).toEqual({ loaded_by: loader.name, candidates: 5, entries: 5, sealed: true, slips: 5 });
});

test('a transaction cannot commit a batch that was not sealed', async () => {
  await loader.ask('begin');
  const batch = await openBatch(loader, 'one');
  await copyEntries(loader, `fangbang.slip_${batch}`, makeEntries(3, 'unsealed'));
  expect(await refusalOf(loader.ask('commit'))).toMatchObject({
    state: 'FB409',
    code: 'batch-is-incomplete',
  });
  expect(await loader.ask('select 1 from fangbang.batch where number = $1', [batch])).toEqual([]);
  expect(await loader.value(`select to_regclass('fangbang.slip_${batch}') is null`)).toBe(true);
});

test('undoing the seal by a savepoint leaves a batch that cannot be committed', async () => {
  await loader.ask('begin');
  const batch = await openBatch(loader, 'one');
  await copyEntries(loader, `fangbang.slip_${batch}`, makeEntries(1, 'savepoint'));
  await addFilter(loader, batch);
  await loader.ask('savepoint sealed');
  await sealBatch(loader, batch, 1);
  await loader.ask('rollback to sealed');
  expect(await codeOf(loader.ask('commit'))).toBe('batch-is-incomplete');
});

test('a load that breaks off leaves nothing, and the series can be loaded at once', async () => {
  const victim = await cast.extra(await cast.database.createLogin('victim', 'fangbang_loader'));
  await victim.ask('begin');
  const batch = await openBatch(victim, 'one');
  await copyEntries(victim, `fangbang.slip_${batch}`, makeEntries(100, 'broken off'));
  const pid = await victim.value<number>('select pg_backend_pid()');
  await cast.owner.ask('select pg_terminate_backend($1, 5000)', [pid]);
  expect(await cast.owner.ask('select 1 from fangbang.batch where number = $1', [batch])).toEqual([]);
  expect(await cast.owner.value(`select to_regclass('fangbang.slip_${batch}') is null`)).toBe(true);
  await load(loader, 'one', makeEntries(2, 'after the break'));
});

const WRONG_SEALS: readonly (readonly [fact: string, change: SealWith])[] = [
  ['fewer entries than were copied', { entries: 2 }],
  ['more entries than were copied', { entries: 4 }],
  ['no number of entries', { entries: null }],
  ['no candidate', { candidates: 0 }],
  ['no number of candidates', { candidates: null }],
  ['more candidates than entries', { candidates: 4 }],
  ['no checksum', { checksum: null }],
  ['no stored checksum', { storedChecksum: null }],
  ['no summary', { summary: null }],
  ['another filter', { filterSha256: sha256('another') }],
  ['no filter', { filterSha256: null }],
  ['another size of the filter', { filterBits: filterBytes.length * 8 + 8 }],
  ['no size of the filter', { filterBits: null }],
];

test.for(WRONG_SEALS)('a seal with %s is refused', async ([, change]) => {
  await inLoad(async (batch) => {
    await copyEntries(loader, `fangbang.slip_${batch}`, makeEntries(3, 'wrong seal'));
    await addFilter(loader, batch);
    expect(await codeOf(sealBatch(loader, batch, 3, change))).toBe('batch-is-incomplete');
  });
});

test('an empty batch is refused', async () => {
  await inLoad(async (batch) => {
    await addFilter(loader, batch);
    expect(await codeOf(sealBatch(loader, batch, 0))).toBe('batch-is-incomplete');
  });
});

test('a filter of which a chunk is missing, doubled or in another place is refused', async () => {
  for (const chunks of [[], [0], [1], [1, 0], [0, 1, 1]]) {
    await inLoad(async (batch) => {
      await copyEntries(loader, `fangbang.slip_${batch}`, makeEntries(1, 'chunks'));
      for (const [index, chunk] of chunks.entries()) {
        await loader.ask('select fangbang.add_filter_chunk($1, $2, $3)', [
          batch,
          index,
          Buffer.alloc(8, chunk),
        ]);
      }
      const whole = Buffer.concat([Buffer.alloc(8, 0), Buffer.alloc(8, 1)]);
      expect(
        await codeOf(
          sealBatch(loader, batch, 1, { filterSha256: sha256(whole), filterBits: whole.length * 8 }),
        ),
      ).toBe('batch-is-incomplete');
    });
  }
});

test('the same credentials twice are refused, and the words hold no digest', async () => {
  await inLoad(async (batch) => {
    const [entry] = makeEntries(1, 'twice');
    if (entry === undefined) throw new Error('no entry');
    await copyEntries(loader, `fangbang.slip_${batch}`, [entry, { ...entry, candidateNumber: '2' }]);
    await addFilter(loader, batch);
    const refusal = await refusalOf(sealBatch(loader, batch, 2));
    expect(refusal).toMatchObject({ state: 'FB409', code: 'rows-rejected' });
    expect(refusal?.message).toBe('two entries have the same credentials');
  });
});

function insert(batch: number, column: number, digest: Buffer): Promise<unknown> {
  return loader.ask(
    `insert into fangbang.slip_${batch} (batch, digest, credential_set, candidate_number, payload) values ($1, $2, 0, '1', '')`,
    [column, digest],
  );
}

test('an entry with a digest of another length, or of another batch, does not get in', async () => {
  await inLoad(async (batch) =>
    expect(await refusalOf(insert(batch, batch, Buffer.alloc(63)))).toMatchObject({ state: '23514' }),
  );
  await inLoad(async (batch) =>
    expect(await refusalOf(insert(batch, batch + 1, Buffer.alloc(64)))).toMatchObject({ state: '23514' }),
  );
  await inLoad(async (batch) =>
    expect(await refusalOf(insert(batch, batch, Buffer.alloc(64)))).toBeUndefined(),
  );
});

test('a sealed batch cannot be sealed again, nor get another piece of filter', async () => {
  const batch = await load(loader, 'one', makeEntries(2, 'sealed'));
  expect(await codeOf(sealBatch(loader, batch, 2))).toBe('batch-is-sealed');
  expect(await codeOf(loader.ask('select fangbang.add_filter_chunk($1, 1, $2)', [batch, filterBytes]))).toBe(
    'batch-is-sealed',
  );
});

test('a batch that does not exist cannot be sealed', async () => {
  expect(await codeOf(sealBatch(loader, 999_999, 1))).toBe('batch-is-sealed');
});

test('a nonce salt is used once', async () => {
  const [row] = await loader.ask<{ nonce_salt: Buffer }>('select nonce_salt from fangbang.batch limit 1');
  expect(
    await refusalOf(
      loader.ask('select fangbang.open_batch($1, 1, $2, $3, 1)', ['one', Buffer.alloc(8), row?.nonce_salt]),
    ),
  ).toMatchObject({ state: '23505' });
});

test('a batch needs a definition of its series, and corrects only batches of it', async () => {
  const open = (series: string, version: number, corrects: number | null): Promise<unknown> =>
    loader.ask('select fangbang.open_batch($1, $2, $3, $4, 1, $5)', [
      series,
      version,
      Buffer.alloc(8),
      digestOf(`${series} ${version} ${corrects}`).subarray(0, 8),
      corrects,
    ]);
  const other = await load(loader, 'two');
  expect(await refusalOf(open('one', 2, null))).toMatchObject({ state: '23503' });
  expect(await refusalOf(open('no-such-series', 1, null))).toMatchObject({ state: '23503' });
  expect(await refusalOf(open('one', 1, other))).toMatchObject({ state: '23503' });
  expect(await refusalOf(open('one', 1, 999_999))).toMatchObject({ state: '23503' });
});

test('a correction names the batch that it corrects, and the audit trail says so', async () => {
  const first = await load(loader, 'three', makeEntries(2, 'first'));
  const corrected = await load(loader, 'three', makeEntries(2, 'corrected'), first);
  const entry = await loader.value<string>('select entry from fangbang.audit order by seq desc limit 1');
  expect(JSON.parse(entry)).toMatchObject({
    act: 'correct',
    series: 'three',
    batch: corrected,
    actor: loader.name,
    detail: { corrects: first },
  });
});

test('the second loader of a series is refused with the holder’s name', async () => {
  await loader.ask('begin');
  try {
    await openBatch(loader, 'one');
    const pid = await loader.value<number>('select pg_backend_pid()');
    const refusal = await refusalOf(openBatch(second, 'one'));
    expect(refusal).toMatchObject({ state: 'FB409', code: 'series-is-being-loaded' });
    expect(refusal?.message).toBe(`series one is being loaded by ${loader.name} (process ${pid})`);
  } finally {
    await loader.ask('rollback');
  }
  await second.ask('begin');
  await openBatch(second, 'one');
  await second.ask('rollback');
});

test('the holder’s name is right for every sign of the lock’s key', async () => {
  for (let i = 0; i < 12; i += 1) {
    const series = `sign-${i}`;
    await addSeries(loader, series);
    await loader.ask('begin');
    await openBatch(loader, series);
    expect((await refusalOf(openBatch(second, series)))?.message).toContain(loader.name);
    await loader.ask('rollback');
  }
});

test('two series are loaded at the same time', async () => {
  await loader.ask('begin');
  await second.ask('begin');
  const a = await openBatch(loader, 'one');
  const b = await openBatch(second, 'two');
  await copyEntries(loader, `fangbang.slip_${a}`, makeEntries(3, 'parallel a'));
  await copyEntries(second, `fangbang.slip_${b}`, makeEntries(3, 'parallel b'));
  await addFilter(loader, a);
  await addFilter(second, b);
  await sealBatch(loader, a, 3);
  // The second seal waits for the first transaction's end, and for nothing else.
  const sealed = sealBatch(second, b, 3);
  await loader.ask('commit');
  await sealed;
  await second.ask('commit');
  expect(
    await loader.value('select count(*)::integer from fangbang.batch where number = any ($1)', [[a, b]]),
  ).toBe(2);
});

test('an open load holds up nothing of other series: acts, checks, lookups, definitions', async () => {
  const first = await readyBatch(cast, 'two');
  await publish(cast.loader, first);
  const next = await readyBatch(cast, 'two');
  await second.ask('begin');
  try {
    const batch = await openBatch(second, 'one');
    await copyEntries(second, `fangbang.slip_${batch}`, makeEntries(10, 'open load'));
    for (const person of [loader, cast.approver, cast.service]) await person.ask(`set lock_timeout = '3s'`);
    await publish(loader, next);
    await check(loader, next, 'warmed', 'verified');
    await approve(cast.approver, next);
    await addSeries(loader, 'two', 'a newer definition');
    await addSeries(loader, 'one', 'a newer definition of the series that is being loaded');
    expect((await oneSlip(cast.service, next, digestOf('two:0'))).open).toBe(true);
    await loader.ask(`select fangbang.withdraw('two', 'while another series is loaded')`);
  } finally {
    for (const person of [loader, cast.approver, cast.service]) await person.ask('reset lock_timeout');
    await second.ask('rollback');
  }
});

test('a sealed but uncommitted batch does not hold up lookups of the others', async () => {
  const open = await readyBatch(cast, 'three');
  await publish(loader, open);
  await second.ask('begin');
  try {
    const batch = await openBatch(second, 'one');
    await copyEntries(second, `fangbang.slip_${batch}`, makeEntries(10, 'attached'));
    await addFilter(second, batch);
    await sealBatch(second, batch, 10);
    await cast.service.ask(`set lock_timeout = '3s'`);
    // More than five, so that a generic plan would be tried too.
    for (let i = 0; i < 8; i += 1) {
      expect((await oneSlip(cast.service, open, digestOf('three:0'))).open).toBe(true);
    }
    await cast.service.ask('select fangbang.service_state()');
    await loader.ask(`set lock_timeout = '3s'`);
    expect(await loader.value('select count(*)::integer from fangbang.slip where batch = $1', [open])).toBe(
      3,
    );
  } finally {
    await second.ask('rollback');
    await cast.service.ask('reset lock_timeout');
    await loader.ask('reset lock_timeout');
  }
});

function add(source: string): Promise<unknown[]> {
  return loader.ask(
    'select version, added, head is not null as audited from fangbang.add_definition($1, $2)',
    ['definitions', source],
  );
}

test('the same definition again is the same version; a changed one the next', async () => {
  expect(await add('a: 1')).toEqual([{ version: 1, added: true, audited: true }]);
  expect(await add('a: 1')).toEqual([{ version: 1, added: false, audited: false }]);
  expect(await add('a: 2')).toEqual([{ version: 2, added: true, audited: true }]);
  expect(await add('a: 1')).toEqual([{ version: 3, added: true, audited: true }]);
});

test('definitions that are added at once get one version each', async () => {
  const people = await Promise.all(
    Array.from({ length: 6 }, async () =>
      cast.extra(await cast.database.createLogin('definer', 'fangbang_loader')),
    ),
  );
  const versions = await Promise.all(people.map((person, i) => addSeries(person, 'at-once', `a: ${i}`)));
  expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a series’ id has the form that URLs and keys take', async () => {
  for (const id of ['A', 'a b', 'a/b', '', '-a', 'a'.repeat(64), 'a\n']) {
    expect(await refusalOf(addSeries(loader, id))).toMatchObject({ state: '23514' });
  }
});
