-- The store of truth: who may do what, and what nobody may do.
--
-- Applied by migrate.ts in one transaction as fangbang_owner, which owns the schema fangbang.
-- All writing goes through SECURITY DEFINER functions, which run as the owner but record
-- session_user: the role somebody logged in with, also under SET ROLE. What two persons must
-- agree on is held by constraints (CHECK, composite foreign keys), so that a fault in a function
-- cannot get round it. Refusals carry ERRCODE FB409 and, in CONSTRAINT, a code of errors.ts.

-- Functions are PUBLIC's to call unless told otherwise: also those of migrations to come are not.
alter default privileges revoke execute on functions from public;

-- ---------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------

create table fangbang.installation (
  only_row boolean primary key default true check (only_row),
  -- Set by the owner alone: demos and rehearsals may be approved by the one who loaded them.
  allow_single boolean not null default false,
  -- Raised by every act that changes what is served (design.md section 2.7).
  epoch bigint not null default 1
);
insert into fangbang.installation default values;

create table fangbang.series (
  id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  added_by name not null default session_user,
  added_at timestamptz not null default clock_timestamp()
);

-- Immutable versions of a series' definition: source is the YAML as it was added.
create table fangbang.definition (
  series text not null references fangbang.series,
  version integer not null check (version > 0),
  source text not null,
  source_sha256 bytea not null check (source_sha256 = sha256(convert_to(source, 'UTF8'))),
  added_by name not null default session_user,
  added_at timestamptz not null default clock_timestamp(),
  primary key (series, version)
);

create sequence fangbang.batch_number as integer;

create table fangbang.batch (
  number integer primary key,
  series text not null,
  definition_version integer not null,
  loaded_by name not null default session_user,
  loaded_at timestamptz not null default clock_timestamp(),
  -- First 8 bytes of SHA-256 of the pepper that the digests were made with.
  pepper_fingerprint bytea not null check (length(pepper_fingerprint) = 8),
  -- The random half of every AES-GCM nonce of this batch.
  nonce_salt bytea not null unique check (length(nonce_salt) = 8),
  codec_version integer not null,
  -- The batch of the same series that this one corrects, if any.
  corrects integer,
  -- All null until sealed; a transaction cannot commit an unsealed batch.
  sealed_at timestamptz,
  checksum bytea check (length(checksum) = 32),
  stored_checksum bytea check (length(stored_checksum) = 32),
  candidates bigint,
  entries bigint,
  filter_sha256 bytea check (length(filter_sha256) = 32),
  filter_bits bigint check (filter_bits > 0 and filter_bits % 8 = 0),
  -- Counts, encodings, file names, distribution: what `status`, `diff` and the report show.
  summary jsonb,
  foreign key (series, definition_version) references fangbang.definition,
  foreign key (corrects, series) references fangbang.batch (number, series),
  -- A null would slip through every comparison in seal_batch.
  constraint "batch-is-incomplete" check (sealed_at is null or (num_nulls(checksum, stored_checksum, candidates, entries,
    filter_sha256, filter_bits, summary) = 0 and candidates >= 1 and entries >= candidates)),
  -- Targets of the composite foreign keys.
  unique (number, series),
  unique (number, checksum, loaded_by)
);

-- One row per candidate and credential set. payload is the plain slip in the compact codec.
-- The identity number is in no column: digest is keyed by the pepper, which is in no store.
create table fangbang.slip (
  batch integer not null,
  digest bytea not null check (length(digest) = 64),
  credential_set smallint not null,
  candidate_number text not null,
  payload bytea not null
) partition by list (batch);

create table fangbang.filter_chunk (
  batch integer not null references fangbang.batch,
  index integer not null check (index >= 0),
  bytes bytea not null,
  primary key (batch, index)
);

-- What the loader's machine says it did: needed before a publication.
create table fangbang.batch_check (
  id bigint generated always as identity primary key,
  batch integer not null references fangbang.batch,
  kind text not null check (kind in ('warmed', 'verified', 'cooled')),
  detail jsonb not null default '{}',
  done_by name not null default session_user,
  done_at timestamptz not null default clock_timestamp()
);
create index on fangbang.batch_check (batch, kind);

create table fangbang.approval (
  batch integer primary key,
  checksum bytea not null,
  loaded_by name not null,
  approved_by name not null default session_user,
  approved_at timestamptz not null default clock_timestamp(),
  not_before timestamptz not null check (isfinite(not_before)),
  -- Approved by the one who loaded it: only where installation.allow_single, and shown in the answers.
  single boolean not null default false,
  -- Bound to what was loaded, by whom: another checksum or another loader has no row to point to.
  constraint "checksum-differs" foreign key (batch, checksum, loaded_by)
    references fangbang.batch (number, checksum, loaded_by),
  constraint "approver-is-loader" check (single or approved_by <> loaded_by),
  unique (batch, not_before)
);

-- Each act that changes what is served. Never updated but for cancelled_by.
create table fangbang.publication (
  epoch bigint primary key,
  series text not null references fangbang.series,
  kind text not null check (kind in ('publish', 'rollback', 'withdraw')),
  batch integer,
  -- Finite: what the service polls has to be a number.
  opens_at timestamptz not null check (isfinite(opens_at)),
  not_before timestamptz,
  -- The act that a rollback of this one goes back to; none after a withdrawal.
  over bigint references fangbang.publication,
  reason text,
  acted_by name not null default session_user,
  acted_at timestamptz not null default clock_timestamp(),
  -- A later act that took the place of this one before it opened.
  cancelled_by bigint,
  foreign key (batch, series) references fangbang.batch (number, series),
  -- Approved, and bound to the approver's earliest opening, also if that is moved later.
  constraint "not-approved" foreign key (batch, not_before)
    references fangbang.approval (batch, not_before) on update cascade,
  constraint "before-approved-opening" check (cancelled_by is not null or kind = 'withdraw' or opens_at >= not_before),
  constraint "withdraw-has-no-batch" check ((kind = 'withdraw') = (batch is null) and (batch is null) = (not_before is null))
);
create index on fangbang.publication (series, epoch desc);

create table fangbang.announcement (
  series text primary key references fangbang.series,
  definition_version integer not null,
  release_at timestamptz check (isfinite(release_at)),
  announced_by name not null default session_user,
  announced_at timestamptz not null default clock_timestamp(),
  foreign key (series, definition_version) references fangbang.definition
);

-- Append-only and hash-chained: hash = SHA-256(previous hash || entry in UTF-8). seq has no gaps.
create table fangbang.audit (
  seq bigint primary key,
  entry text not null,
  hash bytea not null check (length(hash) = 32)
);

-- Its row is what acts wait on to write the next link. Not an advisory lock: those are anybody's to
-- take, and a service's login that was broken into could hold up a withdrawal for ever.
create table fangbang.audit_lock (
  only_row boolean primary key default true check (only_row)
);
insert into fangbang.audit_lock default values;

-- ---------------------------------------------------------------------------
-- Helpers of the owner; nobody else may call them
-- ---------------------------------------------------------------------------

create function fangbang.refuse(code text, message text, hint text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = 'FB409', constraint = code, message = message,
    hint = coalesce(hint, '');
end $$;

-- The last statement of each act: the row lock makes the chain one line, and is held only until the
-- commit that follows at once, never across a COPY. An act in a snapshot of its own (REPEATABLE READ)
-- would be checked against what stood before others' acts: it is refused.
create function fangbang.append_audit(act text, series text, batch integer, detail jsonb) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  previous fangbang.audit;
  next_seq bigint;
  next_entry text;
  next_hash bytea;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform fangbang.refuse('not-permitted', 'acts are made in READ COMMITTED transactions only');
  end if;
  perform 1 from fangbang.audit_lock for update;
  select * into previous from fangbang.audit order by seq desc limit 1;
  next_seq := coalesce(previous.seq, 0) + 1;
  next_entry := json_build_object('seq', next_seq, 'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'actor', session_user, 'act', act, 'series', series, 'batch', batch, 'detail', detail)::text;
  next_hash := sha256(coalesce(previous.hash, decode(repeat('00', 32), 'hex')) || convert_to(next_entry, 'UTF8'));
  insert into fangbang.audit (seq, entry, hash) values (next_seq, next_entry, next_hash);
  return next_seq || ':' || encode(next_hash, 'hex');
end $$;

create function fangbang.raise_epoch() returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
  update fangbang.installation set epoch = epoch + 1 returning epoch
$$;

-- What the acts that change what is served do first: they stand in one line until they commit, so that
-- each is checked against all before it. Always before any other lock, which keeps them from deadlocks.
create function fangbang.stand_in_line() returns void
language sql set search_path = pg_catalog, pg_temp as $$
  select from fangbang.installation for update
$$;

-- Exactly one loader of a series at a time: the second is told who holds it. (Since when, only members
-- of pg_read_all_stats may see.)
create function fangbang.lock_series_for_load(series text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  key bigint := hashtextextended('fangbang.load:' || series, 0);
  holder text;
begin
  if not pg_try_advisory_xact_lock(key) then
    select format('%s (process %s)', a.usename, a.pid) into holder
      from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())
        and ((l.classid::bigint << 32) | l.objid::bigint) = key;
    perform fangbang.refuse('series-is-being-loaded',
      format('series %s is being loaded by %s', series, coalesce(holder, 'somebody who has just finished')),
      'wait until that load ends, then start again');
  end if;
end $$;

-- ---------------------------------------------------------------------------
-- Acts of the loader
-- ---------------------------------------------------------------------------

-- Adds a version of a series' definition; the same source again is the same version.
create function fangbang.add_definition(p_series text, p_source text)
returns table (version integer, added boolean, head text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  digest bytea := sha256(convert_to(p_source, 'UTF8'));
  known integer;
begin
  insert into fangbang.series (id) values (p_series) on conflict do nothing;
  -- NO KEY: rows that point to the series need not wait.
  perform 1 from fangbang.series s where s.id = p_series for no key update;
  select d.version into known from fangbang.definition d
    where d.series = p_series order by d.version desc limit 1;
  if exists (select 1 from fangbang.definition d where d.series = p_series and d.version = known and d.source_sha256 = digest) then
    return query select known, false, null::text;
    return;
  end if;
  known := coalesce(known, 0) + 1;
  insert into fangbang.definition (series, version, source, source_sha256) values (p_series, known, p_source, digest);
  return query select known, true, fangbang.append_audit('series add', p_series, null,
    jsonb_build_object('version', known, 'definitionSha256', encode(digest, 'hex')));
end $$;

-- Opens a batch inside the caller's transaction and makes its own table, fangbang.slip_<number>,
-- for a COPY (digest, credential_set, candidate_number, payload). The transaction can commit only
-- after seal_batch.
create function fangbang.open_batch(p_series text, p_definition_version integer, p_pepper_fingerprint bytea,
  p_nonce_salt bytea, p_codec_version integer, p_corrects integer default null) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n integer;
begin
  perform fangbang.lock_series_for_load(p_series);
  n := nextval('fangbang.batch_number');
  insert into fangbang.batch (number, series, definition_version, pepper_fingerprint, nonce_salt, codec_version, corrects)
    values (n, p_series, p_definition_version, p_pepper_fingerprint, p_nonce_salt, p_codec_version, p_corrects);
  execute format('create table fangbang.slip_%s (like fangbang.slip including constraints)', n);
  execute format('alter table fangbang.slip_%s alter batch set default %s, add constraint slip_%s_batch check (batch = %s)', n, n, n, n);
  execute format('alter table fangbang.slip_%s set (autovacuum_enabled = false)', n);
  execute format('grant insert, select on fangbang.slip_%s to fangbang_loader', n);
  if not pg_has_role(session_user, 'fangbang_loader', 'usage') then
    execute format('grant insert, select on fangbang.slip_%s to %I', n, session_user);
  end if;
  return n;
end $$;

create function fangbang.add_filter_chunk(p_batch integer, p_index integer, p_bytes bytea) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select 1 from fangbang.batch b where b.number = p_batch and b.sealed_at is null and b.loaded_by = session_user) then
    perform fangbang.refuse('batch-is-sealed', format('batch %s is sealed: nothing can be added to it', p_batch));
  end if;
  insert into fangbang.filter_chunk (batch, index, bytes) values (p_batch, p_index, p_bytes);
end $$;

-- Seals what was copied: counts it, indexes it, takes the right to insert away, attaches it. The attaching
-- comes late, since another load's waits for it; readers and other loads never do.
create function fangbang.seal_batch(p_batch integer, p_checksum bytea, p_stored_checksum bytea, p_candidates bigint,
  p_entries bigint, p_filter_sha256 bytea, p_filter_bits bigint, p_summary jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b fangbang.batch;
  found_entries bigint;
  found_filter record;
  grantee text;
begin
  select * into b from fangbang.batch where number = p_batch for update;
  if b.number is null or b.sealed_at is not null or b.loaded_by <> session_user then
    perform fangbang.refuse('batch-is-sealed', format('batch %s is not open for loading by %s', p_batch, session_user));
  end if;
  execute format('select count(*) from fangbang.slip_%s', p_batch) into found_entries;
  if found_entries is distinct from p_entries then
    perform fangbang.refuse('batch-is-incomplete', format('batch %s holds %s entries, %s were sent', p_batch, found_entries, p_entries));
  end if;
  -- An instance refuses a filter that is not whole, and would find out at the worst time.
  select coalesce(sum(length(f.bytes)), 0) * 8 as bits, sha256(coalesce(string_agg(f.bytes, ''::bytea order by f.index), ''::bytea)) as sha256
    into found_filter from fangbang.filter_chunk f where f.batch = p_batch;
  if found_filter.bits is distinct from p_filter_bits or found_filter.sha256 is distinct from p_filter_sha256 then
    perform fangbang.refuse('batch-is-incomplete', format('the stored filter of batch %s is not the one that was sent', p_batch));
  end if;
  begin
    execute format('create unique index on fangbang.slip_%s (digest)', p_batch);
  exception when unique_violation then
    -- Postgres's own words hold the digest.
    perform fangbang.refuse('rows-rejected', 'two entries have the same credentials');
  end;
  execute format('create index on fangbang.slip_%s (candidate_number)', p_batch);
  execute format('analyze fangbang.slip_%s', p_batch);
  for grantee in select distinct case g.grantee when 0 then 'public' else g.grantee::regrole::text end
      from pg_class c, aclexplode(c.relacl) g
      where c.oid = format('fangbang.slip_%s', p_batch)::regclass and g.grantee <> c.relowner loop
    execute format('revoke all on fangbang.slip_%s from %s', p_batch, grantee);
  end loop;
  execute format('alter table fangbang.slip attach partition fangbang.slip_%s for values in (%s)', p_batch, p_batch);
  update fangbang.batch set sealed_at = clock_timestamp(), checksum = p_checksum, stored_checksum = p_stored_checksum,
    candidates = p_candidates, entries = p_entries, filter_sha256 = p_filter_sha256, filter_bits = p_filter_bits, summary = p_summary
    where number = p_batch;
  return fangbang.append_audit(case when b.corrects is null then 'load' else 'correct' end, b.series, p_batch,
    jsonb_build_object('checksum', encode(p_checksum, 'hex'), 'candidates', p_candidates, 'definitionVersion', b.definition_version, 'corrects', b.corrects));
end $$;

-- A sealed batch's own trail: what the loader's machine warmed, verified or cooled. `cooled` is recorded
-- before the cache is emptied: it is refused for what is served, will be, or was just before.
create function fangbang.record_check(p_batch integer, p_kind text, p_detail jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s text;
begin
  select b.series into s from fangbang.batch b where b.number = p_batch and b.sealed_at is not null;
  if s is null then
    perform fangbang.refuse('batch-not-found', format('there is no batch %s', p_batch), 'fangbang status shows the batches');
  end if;
  if p_kind = 'cooled' then
    perform fangbang.stand_in_line();
    if p_batch in (select u.batch from fangbang.batches_in_use(s, clock_timestamp()) u) then
      perform fangbang.refuse('batch-is-in-use', format('batch %s is open, about to open, or what a rollback opens', p_batch));
    end if;
  end if;
  insert into fangbang.batch_check (batch, kind, detail) values (p_batch, p_kind, p_detail);
  return fangbang.append_audit(p_kind, s, p_batch, p_detail);
end $$;

-- The second person's word: this checksum, not before this time.
create function fangbang.approve(p_batch integer, p_checksum bytea, p_not_before timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b fangbang.batch;
  is_single boolean;
begin
  perform fangbang.stand_in_line();
  select * into b from fangbang.batch where number = p_batch and sealed_at is not null;
  if b.number is null then
    perform fangbang.refuse('batch-not-found', format('there is no batch %s', p_batch), 'fangbang status shows the batches');
  end if;
  is_single := session_user = b.loaded_by;
  if is_single and not (select allow_single from fangbang.installation) then
    -- The CHECK would refuse it as well; this says what to do.
    perform fangbang.refuse('approver-is-loader', format('batch %s was loaded by %s, who cannot approve it too', p_batch, session_user),
      'let a second person approve it with a database login of their own');
  end if;
  insert into fangbang.approval (batch, checksum, loaded_by, not_before, single)
    values (p_batch, p_checksum, b.loaded_by, p_not_before, is_single)
    on conflict (batch) do update set checksum = excluded.checksum, approved_by = session_user,
      approved_at = clock_timestamp(), not_before = excluded.not_before, single = excluded.single;
  return fangbang.append_audit('approve', b.series, p_batch, jsonb_build_object('checksum', encode(p_checksum, 'hex'),
    'notBefore', to_char(p_not_before at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'single', is_single));
end $$;

create function fangbang.announce(p_series text, p_release_at timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  latest integer;
begin
  select max(version) into latest from fangbang.definition where series = p_series;
  if latest is null then
    perform fangbang.refuse('series-unknown', format('there is no series %s', p_series), 'add its definition first: fangbang series add');
  end if;
  insert into fangbang.announcement (series, definition_version, release_at) values (p_series, latest, p_release_at)
    on conflict (series) do update set definition_version = excluded.definition_version, release_at = excluded.release_at,
      announced_by = session_user, announced_at = clock_timestamp();
  return fangbang.append_audit('announce', p_series, null, jsonb_build_object('releaseAt',
    to_char(p_release_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
end $$;

-- The act in force now: the latest that was not cancelled and has begun. What began with the act itself
-- has begun for ever: a database clock that is set back does not undo a withdrawal. p_at is the caller's
-- clock_timestamp(), so that one function sees one instant.
create function fangbang.act_in_force(p_series text, p_at timestamptz) returns fangbang.publication
language sql stable set search_path = pg_catalog, pg_temp as $$
  select p from fangbang.publication p
    where p.series = p_series and p.cancelled_by is null and p.opens_at <= greatest(p_at, p.acted_at)
    order by p.epoch desc limit 1
$$;

-- The act that has yet to begin: at most one.
create function fangbang.act_to_come(p_series text, p_at timestamptz) returns fangbang.publication
language sql stable set search_path = pg_catalog, pg_temp as $$
  select p from fangbang.publication p
    where p.series = p_series and p.cancelled_by is null and p.opens_at > greatest(p_at, p.acted_at)
    order by p.epoch desc limit 1
$$;

-- The batch that rollback goes back to: acts stand on one another like a stack.
create function fangbang.batch_before(p_series text, p_at timestamptz) returns integer
language sql stable set search_path = pg_catalog, pg_temp as $$
  select below.batch from fangbang.act_in_force(p_series, p_at) top
    join fangbang.publication below on below.epoch = top.over
$$;

-- What must stay in Redis: the open batch, the one to open, the one that a rollback opens.
create function fangbang.batches_in_use(p_series text, p_at timestamptz) returns table (batch integer)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select (fangbang.act_in_force(p_series, p_at)).batch
  union select (fangbang.act_to_come(p_series, p_at)).batch
  union select fangbang.batch_before(p_series, p_at)
$$;

-- Whether the loader's machine warmed the batch and has not cooled it since: the check's id.
create function fangbang.last_warmed(p_batch integer) returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select max(c.id) from fangbang.batch_check c where c.batch = p_batch and c.kind = 'warmed'
    and c.id > coalesce((select max(d.id) from fangbang.batch_check d where d.batch = p_batch and d.kind = 'cooled'), 0)
$$;

-- Writes one act: what was still to open is cancelled, the epoch is raised, the audit closed. p_now is
-- one instant for all of it, read by the caller when it stood in line: "now" is later than every
-- earlier act's, and no opening falls between two readings of the clock.
create function fangbang.act(p_series text, p_kind text, p_batch integer, p_opens_at timestamptz, p_reason text, p_now timestamptz)
returns table (epoch bigint, opens_at timestamptz, moved boolean, head text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  new_epoch bigint := fangbang.raise_epoch();
  begins timestamptz := greatest(p_opens_at, p_now);
  was_moved boolean;
  top fangbang.publication := fangbang.act_in_force(p_series, p_now);
  to_come fangbang.publication := fangbang.act_to_come(p_series, p_now);
begin
  update fangbang.publication p set cancelled_by = new_epoch where p.epoch = to_come.epoch;
  was_moved := found;
  insert into fangbang.publication (epoch, series, kind, batch, opens_at, acted_at, not_before, over, reason)
    values (new_epoch, p_series, p_kind, p_batch, begins, p_now,
      (select a.not_before from fangbang.approval a where a.batch = p_batch),
      case when p_kind = 'withdraw' or top.kind = 'withdraw' then null
           when p_kind = 'rollback' then (select below.over from fangbang.publication below where below.epoch = top.over)
           when top.batch = p_batch then top.over
           else top.epoch end,
      p_reason);
  return query select new_epoch, begins, was_moved, fangbang.append_audit(p_kind, p_series, p_batch,
    jsonb_build_object('epoch', new_epoch, 'opensAt', to_char(begins at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'reason', p_reason));
end $$;

-- p_at null means now.
create function fangbang.publish(p_batch integer, p_at timestamptz)
returns table (epoch bigint, series text, opens_at timestamptz, moved boolean, head text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b fangbang.batch;
  a fangbang.approval;
  at timestamptz;
  begins timestamptz;
  warmed bigint;
begin
  perform fangbang.stand_in_line();
  at := clock_timestamp();
  begins := greatest(p_at, at);
  select * into b from fangbang.batch x where x.number = p_batch and x.sealed_at is not null;
  if b.number is null then
    perform fangbang.refuse('batch-not-found', format('there is no batch %s', p_batch), 'fangbang status shows the batches');
  end if;
  select * into a from fangbang.approval x where x.batch = p_batch;
  if a.batch is null then
    perform fangbang.refuse('not-approved', format('batch %s is not approved', p_batch),
      format('a second person runs: fangbang approve %s --checksum sha256:%s --not-before T', p_batch, encode(b.checksum, 'hex')));
  end if;
  warmed := fangbang.last_warmed(p_batch);
  if warmed is null then
    perform fangbang.refuse('not-warmed', format('batch %s is not in Redis', p_batch), format('run: fangbang warm %s', p_batch));
  end if;
  if not exists (select 1 from fangbang.batch_check c where c.batch = p_batch and c.kind = 'verified' and c.id > warmed) then
    perform fangbang.refuse('not-verified', format('batch %s was not verified since it was warmed', p_batch), format('run: fangbang verify %s --file …', p_batch));
  end if;
  if begins < a.not_before then
    perform fangbang.refuse('before-approved-opening', format('batch %s is approved for %s at the earliest', p_batch,
      to_char(a.not_before at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), 'publish it for that time or later, or let the approver approve an earlier one');
  end if;
  if p_at < at - interval '1 minute' then
    perform fangbang.refuse('opening-in-the-past', 'the opening lies in the past', 'use --at now');
  end if;
  return query select x.epoch, b.series, x.opens_at, x.moved, x.head
    from fangbang.act(b.series, 'publish', p_batch, begins, null, at) x;
end $$;

create function fangbang.rollback(p_series text)
returns table (epoch bigint, batch integer, head text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  previous integer;
  current fangbang.publication;
  at timestamptz;
begin
  perform fangbang.stand_in_line();
  at := clock_timestamp();
  current := fangbang.act_in_force(p_series, at);
  if current.epoch is null or current.kind = 'withdraw' then
    perform fangbang.refuse('nothing-to-roll-back', format('series %s has no open batch', p_series),
      'after a withdrawal nothing comes back by itself: publish a batch again');
  end if;
  previous := fangbang.batch_before(p_series, at);
  if previous is null then
    perform fangbang.refuse('nothing-to-roll-back', format('series %s has no batch before batch %s', p_series, current.batch),
      'to close the series: fangbang withdraw');
  end if;
  -- Cooled when it was two acts below: everybody's lookups would go to Postgres.
  if fangbang.last_warmed(previous) is null then
    perform fangbang.refuse('not-warmed', format('batch %s, which this would open, is not in Redis', previous),
      format('run: fangbang warm %s; to close the series meanwhile: fangbang withdraw', previous));
  end if;
  return query select x.epoch, previous, x.head from fangbang.act(p_series, 'rollback', previous, null, null, at) x;
end $$;

create function fangbang.withdraw(p_series text, p_reason text)
returns table (epoch bigint, head text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(trim(p_reason), '') = '' then
    perform fangbang.refuse('reason-missing', 'a withdrawal needs a reason for the audit trail', 'add --reason "…"');
  end if;
  perform fangbang.stand_in_line();
  if not exists (select 1 from fangbang.publication p where p.series = p_series) then
    perform fangbang.refuse('nothing-to-withdraw', format('nothing of series %s was ever published', p_series));
  end if;
  return query select x.epoch, x.head from fangbang.act(p_series, 'withdraw', null, null, p_reason, clock_timestamp()) x;
end $$;

-- For the owner alone: demos and rehearsals, where one person loads and approves.
create function fangbang.set_allow_single(p_allow boolean) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update fangbang.installation set allow_single = p_allow;
  return fangbang.append_audit('allow single approval', null, null, jsonb_build_object('allowed', p_allow));
end $$;

-- ---------------------------------------------------------------------------
-- What the service reads
-- ---------------------------------------------------------------------------

-- What an instance must know of a batch before it can answer from it.
create function fangbang.batch_for_service(p_batch integer) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('number', b.number, 'definitionVersion', b.definition_version,
      'pepperFingerprint', encode(b.pepper_fingerprint, 'hex'), 'nonceSalt', encode(b.nonce_salt, 'hex'),
      'codecVersion', b.codec_version, 'candidates', b.candidates, 'entries', b.entries,
      'filterBits', b.filter_bits, 'filterSha256', encode(b.filter_sha256, 'hex'), 'rehearsal', a.single)
    from fangbang.batch b join fangbang.approval a on a.batch = b.number
    where b.number = p_batch
$$;

-- One JSON document per poll: the clock, the epoch, and every announced or published series.
-- current: the act in force (batch null when withdrawn); next: the one still to open;
-- previous: the batch a rollback would open. Times are milliseconds since 1970 (UTC).
create function fangbang.service_state() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  at timestamptz := clock_timestamp();
begin
  return (select jsonb_build_object('nowMs', (extract(epoch from at) * 1000)::numeric, 'epoch', i.epoch, 'series', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', s.id,
        'announced', (select jsonb_build_object('definitionVersion', n.definition_version,
            'releaseAtMs', (extract(epoch from n.release_at) * 1000)::numeric)
          from fangbang.announcement n where n.series = s.id),
        'current', (select jsonb_build_object('epoch', c.epoch, 'opensAtMs', (extract(epoch from c.opens_at) * 1000)::numeric,
            'corrected', c.batch > (select min(f.batch) from fangbang.publication f where f.series = s.id
              and f.cancelled_by is null and f.opens_at <= c.opens_at and f.epoch <= c.epoch),
            'batch', fangbang.batch_for_service(c.batch))
          from fangbang.act_in_force(s.id, at) c where c.epoch is not null),
        'next', (select jsonb_build_object('epoch', p.epoch, 'opensAtMs', (extract(epoch from p.opens_at) * 1000)::numeric,
            'corrected', p.batch > (select min(f.batch) from fangbang.publication f where f.series = s.id
              and f.cancelled_by is null and f.opens_at <= p.opens_at and f.epoch <= p.epoch),
            'batch', fangbang.batch_for_service(p.batch))
          from fangbang.act_to_come(s.id, at) p where p.epoch is not null),
        'previous', fangbang.batch_for_service(fangbang.batch_before(s.id, at))
      ) order by s.id)
      from fangbang.series s
      where exists (select 1 from fangbang.announcement n where n.series = s.id)
         or exists (select 1 from fangbang.publication p where p.series = s.id)
    ), '[]'::jsonb))
    from fangbang.installation i);
end $$;

-- The one slip of a full digest, only of a batch that is open now by this database's clock.
-- open = false: not open, whatever the digest. open and payload null: no such candidate.
-- Volatile, and in READ COMMITTED only, so that it looks with the clock's eyes: a statement or transaction
-- begun before an opening was moved or taken back would go on in its old snapshot.
create function fangbang.one_slip(p_batch integer, p_digest bytea, out open boolean, out payload bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform fangbang.refuse('not-permitted', 'slips are read in READ COMMITTED transactions only');
  end if;
  open := exists (select 1 from fangbang.batch b
    where b.number = p_batch and (fangbang.act_in_force(b.series, clock_timestamp())).batch = p_batch);
  if open and length(p_digest) = 64 then
    select s.payload into payload from fangbang.slip s where s.batch = p_batch and s.digest = p_digest;
  end if;
end $$;

-- ---------------------------------------------------------------------------
-- No batch is committed half loaded
-- ---------------------------------------------------------------------------

create function fangbang.require_sealed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select 1 from fangbang.batch b where b.number = new.number and b.sealed_at is null) then
    perform fangbang.refuse('batch-is-incomplete', format('batch %s was not sealed: the transaction is undone', new.number));
  end if;
  return null;
end $$;

create constraint trigger batch_is_sealed_at_commit after insert on fangbang.batch
  deferrable initially deferred for each row execute function fangbang.require_sealed();

-- ---------------------------------------------------------------------------
-- Rights: nothing for PUBLIC; reading for the loader; four doors for the service
-- ---------------------------------------------------------------------------

revoke all on all tables in schema fangbang from public;
revoke all on all functions in schema fangbang from public;
revoke all on schema fangbang from public;
grant usage on schema fangbang to fangbang_loader, fangbang_service;

grant select on all tables in schema fangbang to fangbang_loader;
grant execute on function fangbang.add_definition, fangbang.open_batch, fangbang.add_filter_chunk, fangbang.seal_batch,
  fangbang.record_check, fangbang.approve, fangbang.announce, fangbang.publish, fangbang.rollback, fangbang.withdraw,
  fangbang.act_in_force, fangbang.act_to_come, fangbang.batch_before, fangbang.batches_in_use, fangbang.last_warmed, fangbang.service_state, fangbang.one_slip to fangbang_loader;

grant select on fangbang.definition, fangbang.filter_chunk to fangbang_service;
grant execute on function fangbang.service_state, fangbang.one_slip to fangbang_service;
