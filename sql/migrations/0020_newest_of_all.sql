-- What came late was judged by too little of what is around it, in three ways:
--
-- * A day that comes long after it was, out of reach of everything since, is not the newest of its camera for that: only where nothing
--   at all follows may live be set to what was found (place "newest").
-- * The fix before a late one may be believed only because of those that follow it (three that agree, of which one or two are earlier than
--   the late fix, which parts them). What is judged begins p_firm believed fixes before, as many as must agree: nothing later changes
--   that one.
-- * Where there are not so many within reach it begins with the last believed before that, not with whatever is within reach.

drop function sightline.fix_around(int, timestamptz, timestamptz, int);

-- What must be known to judge fixes of a camera from p_from to p_to: a believed fix before them that they cannot change (place "before";
-- none: there is none), all that is in history or a suspect from there on (place "among"), up to the p_more-th after them; whether
-- nothing follows that they could still change (place "end"), and nothing at all (place "newest").
create function sightline.fix_around(p_camera_id int, p_from timestamptz, p_to timestamptz, p_firm int, p_more int)
  returns table (place text, believed boolean, packed boolean, fix_time timestamptz, lat float8, lon float8, accuracy_m real, content_hash bigint)
  stable rows 20 language plpgsql as $$
declare
  reach constant interval := '56 hours';    -- after this time nothing is implausible
  known sightline.fix_history;
  start timestamptz;
  packed_next timestamptz;
  row_last timestamptz;
  until timestamptz;
begin
  -- Of each retention class by itself: over both, the planner would make a new plan for each call, which takes ten times as long.
  select f.fix_time, f.lat, f.lon, f.accuracy_m into known.fix_time, known.lat, known.lon, known.accuracy_m
  from unnest(array['r', 'o']::"char"[]) kept cross join lateral (
    select * from sightline.fix f where f.camera_id = p_camera_id and f.retention_class = kept and f.fix_time >= p_from - reach
      and f.fix_time < p_from order by f.fix_time desc, f.lat desc, f.lon desc limit p_firm) f
  order by f.fix_time desc, f.lat desc, f.lon desc offset p_firm - 1 limit 1;
  if known.fix_time is null or exists (select from sightline.fix_segment s where s.camera_id = p_camera_id
      and s.start_time > known.fix_time - interval '1 day' and s.start_time < p_from and s.end_time >= known.fix_time) then
    start := p_from;
    for n in 1 .. p_firm loop
      start := (select f.fix_time from sightline.fix_before(p_camera_id, p_from - reach, start) f);
      exit when start is null;
    end loop;
    select * into known from sightline.fix_before(p_camera_id, coalesce(start, '-infinity'),
      coalesce(start + interval '1 microsecond', p_from - reach));
  end if;
  if known.fix_time is not null then
    return query select 'before', true, true, known.fix_time, known.lat, known.lon, known.accuracy_m, 0::bigint;
  end if;
  start := coalesce(known.fix_time, '-infinity');
  if exists (select from sightline.fix_segment s where s.camera_id = p_camera_id and s.start_time > p_to - interval '1 day'
      and s.start_time < p_to + reach and s.end_time > p_to) then
    packed_next := (select f.fix_time from sightline.fix_after(p_camera_id, p_to + interval '1 microsecond', p_to + reach) f);
  end if;
  row_last := (select f.fix_time from unnest(array['r', 'o']::"char"[]) kept cross join lateral (
    select f.fix_time from sightline.fix f where f.camera_id = p_camera_id and f.retention_class = kept and f.fix_time > p_to
      and f.fix_time < p_to + reach order by f.fix_time limit p_more) f order by f.fix_time offset p_more - 1 limit 1);
  until := coalesce(least(packed_next, row_last), p_to + reach);
  return query
    select 'among', true, false, f.fix_time, f.lat, f.lon, f.accuracy_m, f.content_hash from sightline.fix f
    where f.camera_id = p_camera_id and f.retention_class in ('r', 'o') and f.fix_time >= start and f.fix_time <= until
    union all
    select 'among', true, true, u.fix_time, u.lat, u.lon, u.accuracy_m, 0::bigint
    from sightline.fix_segment s cross join lateral sightline.fix_unpacked(s.packed, s.fixes) u
    where s.camera_id = p_camera_id and s.start_time > start - interval '1 day' and s.start_time <= until and s.end_time >= start
      and u.fix_time >= start and u.fix_time <= until
    union all
    select 'among', false, false, q.fix_time, (q.raw ->> 'lat')::float8, (q.raw ->> 'lon')::float8, (q.raw ->> 'accuracy_m')::real,
      q.content_hash
    from sightline.fix_quarantine q where q.camera_id = p_camera_id and q.reason = 'implausible_jump'
      and q.fix_time >= start and q.fix_time <= until;
  if packed_next is null and row_last is null then
    return query select 'end', null::boolean, null::boolean, null::timestamptz, null::float8, null::float8, null::real, null::bigint;
    if not exists (select from unnest(array['r', 'o']::"char"[]) kept cross join lateral (select from sightline.fix f
        where f.camera_id = p_camera_id and f.retention_class = kept and f.fix_time >= p_to + reach limit 1) f)
      and not exists (select from sightline.fix_segment s where s.camera_id = p_camera_id
        and s.start_time > p_to + reach - interval '1 day' and s.end_time >= p_to + reach) then
      return query select 'newest', null::boolean, null::boolean, null::timestamptz, null::float8, null::float8, null::real, null::bigint;
    end if;
  end if;
end
$$;

grant execute on function sightline.fix_around(int, timestamptz, timestamptz, int, int) to sightline_gateway;
