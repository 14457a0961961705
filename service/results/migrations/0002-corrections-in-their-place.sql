-- A correction is the batch it corrects with some candidates changed: put in the place of any other batch, it
-- would silently take back what that one changed. So it opens only in the place of the batch it corrects.

-- The act whose batch a publication takes the place of: the one planned to open, which it would cancel, else the
-- one in force; in a withdrawn series the last that was (a withdrawal gives up what was planned). No clock is
-- asked: an act that has not begun and is not cancelled is always the latest.
create function fangbang.act_to_replace(p_series text) returns fangbang.publication
language sql stable set search_path = pg_catalog, pg_temp as $$
  select p from fangbang.publication p
    where p.series = p_series and p.batch is not null and p.cancelled_by is null
    order by p.epoch desc limit 1
$$;

-- Refuses a correction that would open in the place of another batch. Free to open, beside it: the batch that is
-- open already (which cancels what was planned), the one whose opening is moved, and, in a withdrawn series,
-- where rollback is refused, whatever was open before.
create function fangbang.expect_place_of_corrected(b fangbang.batch, p_at timestamptz) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  current fangbang.publication := fangbang.act_in_force(b.series, p_at);
  replaced fangbang.publication := fangbang.act_to_replace(b.series);
  is_planned boolean;
  is_withdrawn boolean;
  doing text;
begin
  if b.corrects is null or replaced.batch in (b.corrects, b.number) or current.batch = b.number then
    return;
  end if;
  if replaced.batch is null then
    perform fangbang.refuse('corrects-another-batch',
      format('batch %s corrects batch %s, which was never published', b.number, b.corrects),
      format('publish batch %s first, or load the whole file', b.corrects));
  end if;
  is_planned := replaced.opens_at > greatest(p_at, replaced.acted_at);
  is_withdrawn := not is_planned and current.kind = 'withdraw';
  if is_withdrawn and exists (select from fangbang.publication p where p.batch = b.number and p.cancelled_by is null) then
    return;
  end if;
  doing := case when is_planned then 'is planned to open'
    when is_withdrawn then 'was the last to be open'
    else 'is open' end;
  perform fangbang.refuse('corrects-another-batch',
    format('batch %s corrects batch %s, but batch %s %s: what that one changed would be lost', b.number, b.corrects, replaced.batch, doing),
    case when is_planned and current.batch is not null
        then format('when batch %s is open, run fangbang correct again on top of batch %s; or give it up first: fangbang publish %s --at now',
          replaced.batch, replaced.batch, current.batch)
      when is_withdrawn
        then format('publish batch %s again and run fangbang correct again on top of batch %s; or load the whole file', replaced.batch, replaced.batch)
      else format('run fangbang correct again on top of batch %s, with the file of batch %s', replaced.batch, b.number) end);
end $$;

-- As in 0001, with the check of a correction's place. p_at null means now.
create or replace function fangbang.publish(p_batch integer, p_at timestamptz)
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
  -- First: nobody should approve, warm and verify what cannot be opened.
  perform fangbang.expect_place_of_corrected(b, at);
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
