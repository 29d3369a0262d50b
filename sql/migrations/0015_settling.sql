-- Which fixes are believed is a matter of all of a camera's fixes, not of the order in which they came: what arrives later may show
-- that one in history was a ghost, or that suspects in quarantine were none (ingest/settle.py has the rule). The gateway may not
-- delete anything; it may have a fix moved from the one to the other, which keeps it.

create index fix_quarantine_camera on sightline.fix_quarantine (camera_id, fix_time);

-- What must be known to judge fixes of a camera from p_from to p_to: the newest believed before them (place "before"), all that is in
-- history or a suspect from there on (place "among"), up to the p_more-th after them; and whether nothing follows (place "end").
create function sightline.fix_around(p_camera_id int, p_from timestamptz, p_to timestamptz, p_more int)
  returns table (place text, believed boolean, packed boolean, fix_time timestamptz, lat float8, lon float8, accuracy_m real, content_hash bigint)
  stable rows 20 language plpgsql as $$
declare
  reach constant interval := '56 hours';    -- after this time nothing is implausible
  known sightline.fix_history;
  packed_next timestamptz;
  row_last timestamptz;
  until timestamptz;
begin
  select * into known from sightline.fix_before(p_camera_id, p_from - reach, p_from);
  if known.fix_time is not null then
    return query select 'before', true, true, known.fix_time, known.lat, known.lon, known.accuracy_m, 0::bigint;
  end if;
  if exists (select from sightline.fix_segment s where s.camera_id = p_camera_id and s.start_time > p_to - interval '1 day'
      and s.start_time < p_to + reach and s.end_time > p_to) then
    packed_next := (select f.fix_time from sightline.fix_after(p_camera_id, p_to + interval '1 microsecond', p_to + reach) f);
  end if;
  row_last := (select f.fix_time from sightline.fix f where f.camera_id = p_camera_id and f.retention_class in ('r', 'o')
    and f.fix_time > p_to and f.fix_time < p_to + reach order by f.fix_time offset p_more - 1 limit 1);
  until := coalesce(least(packed_next, row_last), p_to + reach);
  return query
    select 'among', true, false, f.fix_time, f.lat, f.lon, f.accuracy_m, f.content_hash from sightline.fix f
    where f.camera_id = p_camera_id and f.retention_class in ('r', 'o') and f.fix_time >= p_from and f.fix_time <= until
    union all
    select 'among', true, true, u.fix_time, u.lat, u.lon, u.accuracy_m, 0::bigint
    from sightline.fix_segment s cross join lateral sightline.fix_unpacked(s.packed, s.fixes) u
    where s.camera_id = p_camera_id and s.start_time > p_from - interval '1 day' and s.start_time <= until and s.end_time >= p_from
      and u.fix_time >= p_from and u.fix_time <= until
    union all
    select 'among', false, false, q.fix_time, (q.raw ->> 'lat')::float8, (q.raw ->> 'lon')::float8, (q.raw ->> 'accuracy_m')::real,
      q.content_hash
    from sightline.fix_quarantine q where q.camera_id = p_camera_id and q.reason = 'implausible_jump'
      and q.fix_time >= coalesce(known.fix_time, p_from - reach) and q.fix_time <= until;
  if packed_next is null and row_last is null then
    return query select 'end', null::boolean, null::boolean, null::timestamptz, null::float8, null::float8, null::real, null::bigint;
  end if;
end
$$;

-- Suspects ($1 cameras, $2 contents) that turned out to be none: from quarantine into history, or where history has no place for
-- their day any more into the archive.
create function sightline.fix_believe_after_all(p_cameras int[], p_contents bigint[])
  returns table (camera_id int, fix_time timestamptz)
  language plpgsql security definer set search_path = sightline, public as $$
#variable_conflict use_column
begin
  return query
  with gone as (
    delete from fix_quarantine q using unnest(p_cameras, p_contents) w (camera_id, content)
    where q.camera_id = w.camera_id and q.reason = 'implausible_jump' and q.content_hash = w.content
    returning q.camera_id, q.received_time, q.fix_time, q.content_hash, q.raw),
  made as (
    select g.camera_id, case when (raw ->> 'recording')::smallint = 3 then 'r' else 'o' end::"char" as retention_class,
      coalesce((raw ->> 'recording')::smallint, 0::smallint) as recording,
      coalesce((raw #>> '{signal,bearer}')::smallint, 0::smallint) as bearer, g.fix_time, g.received_time, g.content_hash,
      (raw ->> 'lat')::float8 as lat, (raw ->> 'lon')::float8 as lon, (raw ->> 'accuracy_m')::float8::real as accuracy_m,
      (raw ->> 'altitude_m')::float8::real as altitude_m, (raw ->> 'speed_mps')::float8::real as speed_mps,
      (raw ->> 'heading_deg')::float8::real as heading_deg, (raw ->> 'battery_pct')::float8::real as battery_pct,
      (raw #>> '{signal,rsrp_dbm}')::float8::real as rsrp_dbm, (raw #>> '{signal,rsrq_db}')::float8::real as rsrq_db,
      (raw #>> '{signal,sinr_db}')::float8::real as sinr_db, (raw #>> '{signal,rssi_dbm}')::float8::real as rssi_dbm,
      (raw #>> '{signal,uplink_kbps}')::float8::real as uplink_kbps,
      (select o.id from network_operator o where o.plmn = raw #>> '{signal,operator}') as operator_id,
      (select c.id from radio_cell c join network_operator o on o.id = c.operator_id
        where c.cell = raw #>> '{signal,cell}' and o.plmn = coalesce(raw #>> '{signal,operator}', '')) as cell_id,
      1::smallint as flags
    from gone g),
  placed as (select m.*, exists (select from fix_partition p where p.retention_class = m.retention_class::text
    and p.day = (m.fix_time at time zone 'UTC')::date) as has_day from made m),
  kept as (
    insert into fix (camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m, altitude_m,
      speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags)
    select camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m, altitude_m,
      speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
    from placed where has_day on conflict do nothing),
  archived as (
    insert into fix_archive (camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m,
      altitude_m, speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags)
    select camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m, altitude_m,
      speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
    from placed where not has_day on conflict do nothing)
  select camera_id, fix_time from made;
end
$$;

-- Fixes ($1 cameras, $2 times, $3 contents) that turned out to be out of reach ($4 why): from history into quarantine, as they came.
create function sightline.fix_doubt_after_all(p_cameras int[], p_times timestamptz[], p_contents bigint[], p_details text[])
  returns table (camera_id int, fix_time timestamptz)
  language plpgsql security definer set search_path = sightline, public as $$
#variable_conflict use_column
begin
  return query
  with gone as (
    delete from fix f using unnest(p_cameras, p_times, p_contents, p_details) w (camera_id, fix_time, content, detail)
    where f.camera_id = w.camera_id and f.retention_class in ('r', 'o') and f.fix_time = w.fix_time and f.content_hash = w.content
    returning f.*, w.detail),
  kept as (
    insert into fix_quarantine (camera_id, received_time, fix_time, reason, detail, content_hash, raw)
    select g.camera_id, g.received_time, g.fix_time, 'implausible_jump', g.detail, g.content_hash, jsonb_build_object(
      'index', 0, 'time_us', (extract(epoch from g.fix_time) * 1000000)::bigint, 'lat', g.lat, 'lon', g.lon, 'content', g.content_hash,
      'accuracy_m', g.accuracy_m, 'altitude_m', g.altitude_m, 'speed_mps', g.speed_mps, 'heading_deg', g.heading_deg,
      'recording', g.recording, 'battery_pct', g.battery_pct,
      'signal', case when g.bearer <> 0 or coalesce(g.operator_id, g.cell_id, g.rsrp_dbm, g.rsrq_db, g.sinr_db, g.rssi_dbm, g.uplink_kbps)
          is not null then jsonb_build_object('bearer', g.bearer, 'operator', nullif(coalesce(o.plmn, ''), ''), 'cell', c.cell,
          'rsrp_dbm', g.rsrp_dbm, 'rsrq_db', g.rsrq_db, 'sinr_db', g.sinr_db, 'rssi_dbm', g.rssi_dbm, 'uplink_kbps', g.uplink_kbps) end)
    from gone g left join network_operator o on o.id = g.operator_id left join radio_cell c on c.id = g.cell_id
    order by g.camera_id, g.content_hash
    on conflict do nothing)
  select camera_id, fix_time from gone;
end
$$;

grant execute on function sightline.fix_around(int, timestamptz, timestamptz, int),
  sightline.fix_believe_after_all(int[], bigint[]),
  sightline.fix_doubt_after_all(int[], timestamptz[], bigint[], text[]) to sightline_gateway;
