import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  addSeries,
  approve,
  type Cast,
  check,
  copyEntries,
  digestOf,
  gather,
  load,
  makeEntries,
  oneSlip,
  openBatch,
  type Person,
  publish,
  readyBatch,
  refusalOf,
  type Refusal,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

const SERIES = 'rights-2026';
const DENIED = '42501';
/** A few statements fail on their form before Postgres looks at rights. */
const DENIED_OR_IMPOSSIBLE = /^(?:42501|42809)$/;

let cast: Cast;
let stranger: Person;
let batch: number;
/** Sealed, never published. */
let closed: number;

beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
  const login = await cast.database.createLogin('stranger', 'fangbang_service');
  await cast.owner.ask(`revoke fangbang_service from "${login.name}"`);
  stranger = await cast.extra(login);
  await addSeries(cast.loader, SERIES);
  batch = await readyBatch(cast, SERIES);
  await publish(cast.loader, batch);
  closed = await load(cast.loader, SERIES, makeEntries(3, 'closed'));
});
afterAll(() => cast.close());

let before: string;
beforeEach(async () => {
  before = await picture();
});

function rowsOf(table: string): string {
  return `(select jsonb_agg(to_jsonb(x) order by to_jsonb(x)::text) from fangbang.${table} x)`;
}

/** SHA-256 of all rows, rights, triggers and functions: a statement that was refused left them alone. */
async function picture(): Promise<string> {
  const people = [cast.loader, cast.approver, cast.service, stranger].map((p) => p.name);
  return await cast.owner.value<string>(
    `select encode(sha256(convert_to(jsonb_build_array(
      (select jsonb_agg(jsonb_build_array(c.relname, c.relacl::text, c.relowner, c.relkind, c.relispartition) order by c.relname) from pg_class c where c.relnamespace = 'fangbang'::regnamespace),
      (select jsonb_agg(jsonb_build_array(t.tgname, t.tgenabled) order by t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'fangbang'::regnamespace),
      (select jsonb_agg(jsonb_build_array(p.oid::regprocedure::text, p.proacl::text, p.proowner, p.prosrc) order by p.oid) from pg_proc p where p.pronamespace = 'fangbang'::regnamespace),
      (select jsonb_agg(jsonb_build_array(m.roleid, m.member) order by m.oid) from pg_auth_members m where m.member::regrole::text = any ($1)),
      (select last_value from fangbang.batch_number), ${TABLES.map(rowsOf).join()})::text, 'UTF8')), 'hex')`,
    [people],
  );
}

/** In a transaction that is undone, should the statement go through. */
async function attempt(person: Person, statements: readonly string[]): Promise<Refusal | undefined> {
  await person.ask('begin');
  try {
    for (const statement of statements.slice(0, -1)) await person.ask(statement);
    return await refusalOf(person.ask(statements.at(-1) ?? ''));
  } finally {
    await person.ask('rollback');
  }
}

const TABLES = [
  'installation',
  'series',
  'definition',
  'batch',
  'slip',
  'filter_chunk',
  'batch_check',
  'approval',
  'publication',
  'announcement',
  'audit',
  'audit_lock',
  'migration',
] as const;

const INTERNAL_CALLS = [
  `fangbang.refuse('not-permitted', 'x')`,
  `fangbang.append_audit('publish', '${SERIES}', 1, '{}')`,
  'fangbang.raise_epoch()',
  'fangbang.stand_in_line()',
  `fangbang.lock_series_for_load('${SERIES}')`,
  `fangbang.act('${SERIES}', 'publish', 1, now(), null, now())`,
  'fangbang.set_allow_single(true)',
  'fangbang.batch_for_service(1)',
] as const;

const LOADER_CALLS = [
  `fangbang.add_definition('${SERIES}', 'x')`,
  `fangbang.open_batch('${SERIES}', 1, '\\x0101010101010101', '\\x0202020202020202', 1)`,
  `fangbang.add_filter_chunk(1, 0, '\\x00')`,
  `fangbang.seal_batch(1, '\\x00', '\\x00', 1, 1, '\\x00', 8, '{}')`,
  `fangbang.record_check(1, 'verified', '{}')`,
  `fangbang.approve(1, '\\x00', now())`,
  `fangbang.announce('${SERIES}', now())`,
  'fangbang.publish(1, null)',
  `fangbang.rollback('${SERIES}')`,
  `fangbang.withdraw('${SERIES}', 'x')`,
  `fangbang.act_in_force('${SERIES}', now())`,
] as const;

/** What neither the loader's nor the service's role may do to the schema or to roles; N is a sealed batch. */
const NOBODYS: readonly string[][] = [
  ...INTERNAL_CALLS.map((call) => [`select ${call}`]),
  [`select nextval('fangbang.batch_number')`],
  [`select setval('fangbang.batch_number', 1)`],
  ['set role fangbang_owner'],
  ['set session authorization postgres'],
  ['insert into fangbang.slip_N values (N, sha512($$x$$), 0, $$1$$, $$x$$)'],
  ['select * from fangbang.slip_N'],
  ['update fangbang.slip_N set payload = $$x$$'],
  ['delete from fangbang.slip_N'],
  ['truncate fangbang.slip_N'],
  ['copy fangbang.slip_N from stdin'],
  ['copy fangbang.slip_N to stdout'],
  ['alter table fangbang.slip detach partition fangbang.slip_N'],
  ['alter table fangbang.slip attach partition fangbang.slip_N for values in (77)'],
  ['create table pg_temp.mine partition of fangbang.slip for values in (77)'],
  ['create temp table mine () inherits (fangbang.slip)'],
  ['drop table fangbang.slip_N'],
  ['drop table fangbang.audit'],
  ['drop function fangbang.require_sealed cascade'],
  ['drop schema fangbang cascade'],
  ['alter table fangbang.approval drop constraint "approver-is-loader"'],
  ['alter table fangbang.batch disable trigger all'],
  ['alter table fangbang.batch disable trigger batch_is_sealed_at_commit'],
  ['drop trigger batch_is_sealed_at_commit on fangbang.batch'],
  [
    'create trigger mine before insert on fangbang.audit for each row execute function suppress_redundant_updates_trigger()',
  ],
  ['create rule mine as on insert to fangbang.audit do instead nothing'],
  ['create index on fangbang.slip_N (payload)'],
  ['reindex table fangbang.slip_N'],
  ['alter table fangbang.slip_N owner to current_user'],
  ['alter function fangbang.one_slip owner to current_user'],
  [
    'create or replace function fangbang.require_sealed() returns trigger language plpgsql as $$ begin return null; end $$',
  ],
  ['alter function fangbang.append_audit set search_path = pg_temp'],
  ['alter table fangbang.publication alter acted_by set default $$somebody$$'],
  ['create table fangbang.mine (a integer)'],
  ['create function fangbang.mine() returns integer language sql return 1'],
  ['create view fangbang.mine as select 1 as a'],
  ['create schema mine'],
  ['grant fangbang_owner to current_user'],
  ['alter role fangbang_owner login'],
  ['create role mine'],
  ['alter default privileges for role fangbang_owner grant all on tables to public'],
  ['set session_replication_role = replica'],
  ['lock table fangbang.audit in share mode'],
  ['select 1 from fangbang.audit_lock for update'],
  ['select 1 from fangbang.installation for update'],
  ['select 1 from fangbang.batch for update'],
];

/** Statements of a table that may not be done. */
function writes(table: string): string[][] {
  const column =
    { installation: 'epoch', series: 'id', slip: 'batch', audit_lock: 'only_row' }[table] ?? null;
  return [
    [`insert into fangbang.${table} overriding system value select * from fangbang.${table}`],
    [`insert into fangbang.${table} default values`],
    ...(column === null ? [] : [[`update fangbang.${table} set ${column} = ${column}`]]),
    [`delete from fangbang.${table}`],
    [`truncate fangbang.${table} cascade`],
    [`copy fangbang.${table} from stdin`],
    [`merge into fangbang.${table} using (select 1) on false when not matched then insert default values`],
  ];
}

/** One fact per statement; every refusal is for want of rights, and leaves all as it was. */
function allDenied(who: () => Person, statements: readonly string[][]): void {
  test.for(statements)('%s', async (statement) => {
    const named = statement.map((sql) =>
      sql.replaceAll('slip_N', `slip_${batch}`).replaceAll('(N,', `(${batch},`),
    );
    expect((await attempt(who(), named))?.state).toMatch(DENIED_OR_IMPOSSIBLE);
    expect(await picture()).toBe(before);
  });
}

describe('the loader’s role may not', () => {
  allDenied(() => cast.loader, [...NOBODYS, ...TABLES.flatMap(writes)]);

  // Under SET ROLE, session_user still says who logged in.
  allDenied(
    () => cast.loader,
    [
      ['set role fangbang_loader', 'select fangbang.set_allow_single(true)'],
      ['set role fangbang_loader', 'insert into fangbang.approval select * from fangbang.approval'],
      ['set role fangbang_loader', 'set role fangbang_owner'],
    ],
  );
});

describe('the service’s role may not', () => {
  allDenied(
    () => cast.service,
    [
      ...NOBODYS,
      ...TABLES.flatMap(writes),
      ...LOADER_CALLS.map((call) => [`select ${call}`]),
      ...TABLES.filter((table) => table !== 'definition' && table !== 'filter_chunk').map((table) => [
        `select count(*) from fangbang.${table}`,
      ]),
      ['set role fangbang_loader'],
      ['create temp view peek as select * from fangbang.slip', 'select * from peek'],
      ['prepare peek as select payload from fangbang.slip', 'execute peek'],
      ['explain select * from fangbang.slip'],
      ['select (fangbang.act_in_force($$rights-2026$$, now())).batch'],
      ['copy (select * from fangbang.slip) to stdout'],
    ],
  );
});

describe('a login with no role may not', () => {
  allDenied(
    () => stranger,
    [
      ...LOADER_CALLS.map((call) => [`select ${call}`]),
      ['select fangbang.service_state()'],
      [`select fangbang.one_slip(1, '\\x00')`],
      ['select * from fangbang.definition'],
      ['select * from fangbang.filter_chunk'],
      ['set role fangbang_service'],
      ['set role fangbang_loader'],
    ],
  );
});

test('well over thirty statements are tried for each role', () => {
  expect(NOBODYS.length + TABLES.flatMap(writes).length).toBeGreaterThan(100);
});

test('every table of the schema is among those tried', async () => {
  const rows = await cast.owner.ask<{ name: string }>(`select relname as name from pg_class
    where relnamespace = 'fangbang'::regnamespace and relkind in ('r', 'p') and not relispartition`);
  expect(rows.map((r) => r.name).toSorted()).toEqual([...TABLES].toSorted());
});

test('every function of the schema is either a named door of a role or closed', async () => {
  const rows = await cast.owner.ask<{ name: string; loader: boolean; service: boolean; everybody: boolean }>(`
    select p.proname as name, has_function_privilege('fangbang_loader', p.oid, 'execute') as loader,
      has_function_privilege('fangbang_service', p.oid, 'execute') as service,
      coalesce((select bool_or(a.grantee = 0) from aclexplode(p.proacl) a), true) as everybody
    from pg_proc p where p.pronamespace = 'fangbang'::regnamespace`);
  const named = (role: 'loader' | 'service' | 'everybody'): string[] =>
    rows
      .filter((r) => r[role])
      .map((r) => r.name)
      .toSorted();
  expect(named('everybody')).toEqual([]);
  expect(named('service')).toEqual(['one_slip', 'service_state']);
  expect(named('loader')).toEqual([
    'act_in_force',
    'act_to_come',
    'add_definition',
    'add_filter_chunk',
    'announce',
    'approve',
    'batch_before',
    'batches_in_use',
    'last_warmed',
    'one_slip',
    'open_batch',
    'publish',
    'record_check',
    'rollback',
    'seal_batch',
    'service_state',
    'withdraw',
  ]);
});

test('every function pins its search path, temporary objects last', async () => {
  const rows = await cast.owner.ask<{ name: string; config: string[] | null }>(
    `select proname as name, proconfig as config from pg_proc where pronamespace = 'fangbang'::regnamespace`,
  );
  expect(
    rows.filter((r) => r.config?.join() !== 'search_path=pg_catalog, pg_temp').map((r) => r.name),
  ).toEqual([]);
});

test('a caller’s search path and temporary objects do not get into the functions', async () => {
  const { loader } = cast;
  await loader.ask('begin');
  try {
    await loader.ask(`create temp table batch as select 1 as number, now() as sealed_at`);
    await loader.ask(`create temp table approval (batch integer, not_before timestamptz)`);
    await loader.ask(
      `create function pg_temp.clock_timestamp() returns timestamptz language sql as $$ select '2099-01-01'::timestamptz $$`,
    );
    await loader.ask(
      `create function pg_temp.format(text, integer) returns text language sql as $$ select 'evil'::text $$`,
    );
    await loader.ask('set local search_path = pg_temp, fangbang, pg_catalog');
    expect(await refusalOf(loader.ask(`select fangbang.publish(${closed}, null)`))).toMatchObject({
      state: 'FB409',
      code: 'not-approved',
    });
  } finally {
    await loader.ask('rollback');
  }
});

test('a caller’s settings do not let one_slip open early', async () => {
  const { service } = cast;
  const digest = digestOf('closed:0');
  for (const setting of [
    `timezone = 'Pacific/Kiritimati'`,
    `datestyle = 'SQL, DMY'`,
    'transform_null_equals = on',
  ]) {
    await service.ask('begin');
    await service.ask(`set local ${setting}`);
    expect(await oneSlip(service, closed, digest)).toEqual({ open: false, payload: null });
    await service.ask('rollback');
  }
});

test('GRANT by a role that has a right but may not pass it on gives nothing', async () => {
  await cast.loader.ask('grant select on fangbang.slip to public');
  await cast.loader.ask('grant insert on fangbang.audit to current_user');
  expect(await picture()).toBe(before);
});

test('DROP OWNED by a member of a role takes no right away from the others', async () => {
  await cast.service.ask('drop owned by fangbang_service');
  await cast.loader.ask('drop owned by fangbang_loader');
  expect(await picture()).toBe(before);
});

test('planner statistics show no slip to the service', async () => {
  await cast.owner.ask('analyze fangbang.slip');
  const rows = await cast.service.ask(
    `select 1 from pg_stats where schemaname = 'fangbang' and tablename like 'slip%'`,
  );
  expect(rows).toEqual([]);
});

test('a sealed batch’s own table gives no role any right', async () => {
  const rows = await cast.owner.ask(
    `select c.relname, a.grantee::regrole::text as grantee from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace = 'fangbang'::regnamespace and c.relispartition and a.grantee <> c.relowner`,
  );
  expect(rows).toEqual([]);
});

test('a right that somebody gave to everybody by default is taken from a sealed batch too', async () => {
  const { loader, owner } = cast;
  await owner.ask(
    'alter default privileges for role fangbang_owner in schema fangbang grant insert, select on tables to public',
  );
  try {
    const open = await load(loader, SERIES, makeEntries(2, 'by default'));
    const rows = await owner.ask(
      `select a.privilege_type from pg_class c, aclexplode(c.relacl) a where c.oid = 'fangbang.slip_${open}'::regclass and a.grantee <> c.relowner`,
    );
    expect(rows).toEqual([]);
  } finally {
    await owner.ask(
      'alter default privileges for role fangbang_owner in schema fangbang revoke insert, select on tables from public',
    );
  }
});

test('nobody can write into a batch of one’s own once it is sealed, though the transaction is the same', async () => {
  const { loader } = cast;
  for (const table of ['own', 'parent'] as const) {
    await loader.ask('begin');
    const number = await openBatch(loader, SERIES);
    const entries = makeEntries(3, 'late');
    await copyEntries(loader, `fangbang.slip_${number}`, entries);
    await loader.ask('select fangbang.add_filter_chunk($1, 0, $2)', [number, Buffer.alloc(8)]);
    await loader.ask(
      `select fangbang.seal_batch($1, $2, $2, 3, 3, sha256('\\x0000000000000000'), 64, '{}')`,
      [number, Buffer.alloc(32)],
    );
    const target = table === 'own' ? `fangbang.slip_${number}` : 'fangbang.slip';
    expect(await refusalOf(copyEntries(loader, target, makeEntries(1, 'later')))).toMatchObject({
      state: DENIED,
    });
    await loader.ask('rollback');
  }
});

test('an insert that was prepared while the batch was open is refused once it is sealed', async () => {
  const { loader } = cast;
  await loader.ask('begin');
  const number = await openBatch(loader, SERIES);
  await loader.ask(
    `prepare late_${number} (text) as insert into fangbang.slip_${number} (digest, credential_set, candidate_number, payload)
      values (sha512($1::bytea), 0, '1', '')`,
  );
  await loader.ask(`execute late_${number} ('a')`);
  await loader.ask('select fangbang.add_filter_chunk($1, 0, $2)', [number, Buffer.alloc(8)]);
  await loader.ask(`select fangbang.seal_batch($1, $2, $2, 1, 1, sha256('\\x0000000000000000'), 64, '{}')`, [
    number,
    Buffer.alloc(32),
  ]);
  expect(await refusalOf(loader.ask(`execute late_${number} ('b')`))).toMatchObject({ state: DENIED });
  await loader.ask('rollback');
});

test('a deferred trigger of a table of one’s own cannot write after the seal', async () => {
  const { loader } = cast;
  await loader.ask('begin');
  const number = await openBatch(loader, SERIES);
  await loader.ask('create temp table own (a integer)');
  await loader.ask(
    `create function pg_temp.late() returns trigger language plpgsql as $f$ begin
      insert into fangbang.slip_${number} (digest, credential_set, candidate_number, payload) values (sha512('late'), 0, '1', ''); return null; end $f$`,
  );
  await loader.ask(
    'create constraint trigger late after insert on own deferrable initially deferred for each row execute function pg_temp.late()',
  );
  await loader.ask('insert into own values (1)');
  await copyEntries(loader, `fangbang.slip_${number}`, makeEntries(1, 'deferred'));
  await loader.ask('select fangbang.add_filter_chunk($1, 0, $2)', [number, Buffer.alloc(8)]);
  await loader.ask(`select fangbang.seal_batch($1, $2, $2, 1, 1, sha256('\\x0000000000000000'), 64, '{}')`, [
    number,
    Buffer.alloc(32),
  ]);
  expect(await refusalOf(loader.ask('commit'))).toMatchObject({ state: DENIED });
});

test('the loader reads slips, to verify and compare; the service gets one by its digest', async () => {
  expect(await cast.loader.value(`select count(*)::integer from fangbang.slip where batch = ${batch}`)).toBe(
    3,
  );
  const digest = digestOf(`${SERIES}:1`);
  expect(await oneSlip(cast.service, batch, digest)).toEqual({
    open: true,
    payload: Buffer.from(`slip of ${SERIES}:1`),
  });
});

test('a service’s login cannot hold up an act by taking advisory locks', async () => {
  const { service, loader } = cast;
  await service.ask(`select pg_advisory_lock(hashtextextended('fangbang.audit', 0)), pg_advisory_lock(0)`);
  try {
    await loader.ask(`set statement_timeout = '10s'`);
    expect(await refusalOf(check(loader, batch, 'verified'))).toBeUndefined();
  } finally {
    await loader.ask('reset statement_timeout');
    await service.ask('select pg_advisory_unlock_all()');
  }
});

test('a login that takes its role by SET ROLE only can load', async () => {
  const login = await cast.database.createLogin('noinherit', 'fangbang_loader');
  await cast.owner.ask(`alter role "${login.name}" noinherit`);
  await cast.owner.ask(`grant fangbang_loader to "${login.name}" with inherit false, set true`);
  const person = await cast.extra(login);
  expect(await refusalOf(openBatch(person, SERIES))).toMatchObject({ state: DENIED });
  await person.ask('set role fangbang_loader');
  const number = await load(person, SERIES, makeEntries(2, 'noinherit'));
  const [row] = await person.ask('select loaded_by from fangbang.batch where number = $1', [number]);
  expect(row).toEqual({ loaded_by: login.name });
  expect((await refusalOf(approve(person, number)))?.code).toBe('approver-is-loader');
});
