-- Closed history is packed: the fixes of one camera in a row become one segment, a few bytes for each, and leave the table
-- of rows in the same transaction. Whoever reads history reads both, through "fixes" or "fix_history".
-- The layout of a segment is that of ingest/history/segments.py; its content hashes are read by the gateway alone.

create table sightline.fix_segment (
  camera_id int not null,
  retention_class "char" not null check (retention_class in ('r', 'o')),
  start_time timestamptz not null,              -- of the first fix; all are of one UTC day
  end_time timestamptz not null,                -- of the last
  fixes smallint not null,
  west real not null, south real not null, east real not null, north real not null,   -- degrees, never inside of the fixes
  packed bytea not null,
  constraint fix_segment_fixes check (fixes between 1 and 1024),
  constraint fix_segment_in_order check (start_time <= end_time)
) partition by list (retention_class);
alter table sightline.fix_segment alter packed set storage external;    -- it is as small as it gets
create table sightline.fix_segment_recording partition of sightline.fix_segment for values in ('r') partition by range (start_time);
create table sightline.fix_segment_other partition of sightline.fix_segment for values in ('o') partition by range (start_time);
create index fix_segment_camera on sightline.fix_segment (camera_id, start_time);

-- Running total of whole numbers; sum() would make them numeric.
create aggregate sightline.running_total (bigint) (sfunc = int8pl, stype = bigint, initcond = '0');

-- A whole number of a segment that begins at byte p_at: one byte that says how many follow, and those.
create function sightline.segment_number(p_packed bytea, p_at int) returns bigint
  immutable strict parallel safe language sql as $$
  select case when get_byte(p_packed, p_at) = 0 then 0 else
    ('x' || lpad(encode(substring(p_packed from p_at + 2 for get_byte(p_packed, p_at)), 'hex'), 16, '0'))::bit(64)::bigint end
$$;

-- The signed number that was folded into an unsigned one.
create function sightline.segment_unfolded(p_number bigint) returns bigint
  immutable strict parallel safe language sql as $$
  select ((p_number >> 1) & 9223372036854775807) # -(p_number & 1)
$$;

-- One column of a segment of p_fixes fixes that begins at byte p_at: where the next begins, its numbers (or their text), what they
-- are divided by, and whether they count from the fix's time.
create function sightline.segment_column(p_packed bytea, p_at int, p_fixes int, p_floating boolean,
    out next_at int, out numbers bigint[], out written text[], out divisor float8, out since_time boolean)
  immutable strict parallel safe language plpgsql as $$
declare
  head constant int := get_byte(p_packed, p_at);
  method constant int := head & 3;
  times constant int := (head >> 3) & 3;
  known int := p_fixes;
  mask bit varying;
  width int;
  step bigint := 1;
  first bigint[];
  places int[] := '{}';
  beside bigint[] := '{}';
  bits bit varying;
  size int;
begin
  next_at := p_at + 1;
  divisor := 1;
  since_time := head & 128 <> 0;
  if method = 0 then
    return;
  end if;
  if head & 4 <> 0 then
    mask := ('x' || encode(substring(p_packed from next_at + 1 for (p_fixes + 7) / 8), 'hex'))::bit varying;
    next_at := next_at + (p_fixes + 7) / 8;
    known := bit_count(mask);
  end if;
  if method = 3 then
    size := ('x' || encode(substring(p_packed from next_at + 1 for 4), 'hex'))::bit(32)::int;
    written := string_to_array(convert_from(substring(p_packed from next_at + 5 for size), 'UTF8'), ' ');
    next_at := next_at + 4 + size;
  else
    if p_floating then
      divisor := case method when 1 then ('1e' || get_byte(p_packed, next_at))::float8
        else power(2::float8, get_byte(p_packed, next_at)) end;
      next_at := next_at + 1;
    end if;
    width := get_byte(p_packed, next_at);
    next_at := next_at + 1;
    for i in 1 .. greatest(times, 1) loop
      first[i] := sightline.segment_unfolded(sightline.segment_number(p_packed, next_at));
      next_at := next_at + 1 + get_byte(p_packed, next_at);
    end loop;
    if head & 64 <> 0 then
      step := sightline.segment_number(p_packed, next_at);
      next_at := next_at + 1 + get_byte(p_packed, next_at);
    end if;
    if head & 32 <> 0 then
      size := get_byte(p_packed, next_at);
      next_at := next_at + 1;
      for i in 1 .. size loop
        places[i] := get_byte(p_packed, next_at) * 256 + get_byte(p_packed, next_at + 1);
        beside[i] := sightline.segment_number(p_packed, next_at + 2);
        next_at := next_at + 3 + get_byte(p_packed, next_at + 2);
      end loop;
    end if;
    size := ((known - times) * width + 7) / 8;
    if width = 0 then
      numbers := array_fill(0::bigint, array[known - times]);
    else
      bits := ('x' || encode(substring(p_packed from next_at + 1 for size), 'hex'))::bit varying;
      numbers := array(select substring(bits from i * width + 1 for width)::bigint from generate_series(0, known - times - 1) i);
    end if;
    next_at := next_at + size;
    for i in 1 .. cardinality(places) loop
      numbers[places[i] + 1] := beside[i];
    end loop;
    if times = 0 then
      numbers := array(select first[1] + step * n from unnest(numbers) with ordinality u (n, i) order by i);
    elsif times = 1 then
      numbers := first[1] || array(
        select first[1] + step * sightline.running_total(sightline.segment_unfolded(n)) over (order by i)
        from unnest(numbers) with ordinality u (n, i) order by i);
    else
      numbers := array[first[1], first[1] + step * first[2]] || array(
        select first[1] + step * (first[2] + sightline.running_total(d) over (order by i))
        from (select i, first[2] + sightline.running_total(sightline.segment_unfolded(n)) over (order by i) as d
          from unnest(numbers) with ordinality u (n, i)) differences order by i);
    end if;
  end if;
  if mask is not null then
    select array_agg(case when k.is_known then numbers[k.place] end order by k.i),
        array_agg(case when k.is_known then written[k.place] end order by k.i)
      into numbers, written
      from (select i, get_bit(mask, i) = 1 as is_known, sightline.running_total(get_bit(mask, i)::bigint) over (order by i) as place
        from generate_series(0, p_fixes - 1) i) k;
  end if;
  if method = 3 then
    numbers := null;
  else
    written := null;
  end if;
end
$$;

-- The fixes of a segment, every digit of them, in the order of their times.
create function sightline.fix_unpacked(p_packed bytea, p_fixes int)
  returns table (fix_time timestamptz, received_time timestamptz, lat float8, lon float8, accuracy_m real, altitude_m real,
    speed_mps real, heading_deg real, battery_pct real, rsrp_dbm real, rsrq_db real, sinr_db real, rssi_dbm real, uplink_kbps real,
    recording smallint, bearer smallint, operator_id smallint, cell_id int, flags smallint)
  immutable strict parallel safe rows 500 cost 1000 language plpgsql as $$
declare
  packed constant bytea := p_packed || ''::bytea;    -- as a whole in memory, not fetched and put together for every byte
  at int := 1;
  is_floating constant boolean[] := array[false, false, true, true, true, true, true, true, true, true, true, true, true, true,
    false, false, false, false, false];
  c record;
  since boolean := false;
  n01 bigint[]; n02 bigint[]; n15 bigint[]; n16 bigint[]; n17 bigint[]; n18 bigint[]; n19 bigint[];
  f03 float8[]; f04 float8[];
  r05 real[]; r06 real[]; r07 real[]; r08 real[]; r09 real[]; r10 real[]; r11 real[]; r12 real[]; r13 real[]; r14 real[];
  wide float8[];
  narrow real[];
begin
  if get_byte(packed, 0) <> 1 then
    raise exception 'segment of version %: 1 is known', get_byte(packed, 0) using errcode = 'data_exception';
  end if;
  for k in 1 .. 19 loop
    select * into c from sightline.segment_column(packed, at, p_fixes, is_floating[k]);
    at := c.next_at;
    if k in (3, 4) then
      wide := case when c.written is not null then c.written::float8[]
        else array(select n / c.divisor from unnest(c.numbers) with ordinality u (n, i) order by i) end;
    elsif is_floating[k] then
      narrow := case when c.written is not null then c.written::real[]
        else array(select (n / c.divisor)::real from unnest(c.numbers) with ordinality u (n, i) order by i) end;
    end if;
    case k
      when 1 then n01 := c.numbers;
      when 2 then n02 := c.numbers; since := c.since_time;
      when 3 then f03 := wide;
      when 4 then f04 := wide;
      when 5 then r05 := narrow;
      when 6 then r06 := narrow;
      when 7 then r07 := narrow;
      when 8 then r08 := narrow;
      when 9 then r09 := narrow;
      when 10 then r10 := narrow;
      when 11 then r11 := narrow;
      when 12 then r12 := narrow;
      when 13 then r13 := narrow;
      when 14 then r14 := narrow;
      when 15 then n15 := c.numbers;
      when 16 then n16 := c.numbers;
      when 17 then n17 := c.numbers;
      when 18 then n18 := c.numbers;
      else n19 := c.numbers;
    end case;
  end loop;
  return query
    select timestamptz 'epoch' + u.t * interval '1 microsecond',
      timestamptz 'epoch' + case when since then u.t + u.received else u.received end * interval '1 microsecond',
      u.la, u.lo, u.v5, u.v6, u.v7, u.v8, u.v9, u.v10, u.v11, u.v12, u.v13, u.v14,
      u.v15::smallint, u.v16::smallint, u.v17::smallint, u.v18::int, u.v19::smallint
    from unnest(n01, n02, f03, f04, r05, r06, r07, r08, r09, r10, r11, r12, r13, r14, n15, n16, n17, n18, n19)
      u (t, received, la, lo, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18, v19);
end
$$;

-- All of history, as rows and packed. A condition on the camera is quick; one on the time unpacks all that a camera has: see "fixes".
create view sightline.fix_history as
  select camera_id, retention_class, recording, bearer, fix_time, received_time, lat, lon, accuracy_m, altitude_m, speed_mps,
    heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
  from sightline.fix
  union all
  select s.camera_id, s.retention_class, u.recording, u.bearer, u.fix_time, u.received_time, u.lat, u.lon, u.accuracy_m, u.altitude_m,
    u.speed_mps, u.heading_deg, u.battery_pct, u.rsrp_dbm, u.rsrq_db, u.sinr_db, u.rssi_dbm, u.uplink_kbps, u.operator_id, u.cell_id,
    u.flags
  from sightline.fix_segment s cross join lateral sightline.fix_unpacked(s.packed, s.fixes) u;

-- History of a camera from p_from to before p_to, in no order.
create function sightline.fixes(p_camera_id int, p_from timestamptz, p_to timestamptz) returns setof sightline.fix_history
  stable rows 500 language sql as $$
  select camera_id, retention_class, recording, bearer, fix_time, received_time, lat, lon, accuracy_m, altitude_m, speed_mps,
    heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
  from sightline.fix
  where camera_id = p_camera_id and retention_class in ('r', 'o') and fix_time >= p_from and fix_time < p_to    -- for the index
  union all
  select s.camera_id, s.retention_class, u.recording, u.bearer, u.fix_time, u.received_time, u.lat, u.lon, u.accuracy_m, u.altitude_m,
    u.speed_mps, u.heading_deg, u.battery_pct, u.rsrp_dbm, u.rsrq_db, u.sinr_db, u.rssi_dbm, u.uplink_kbps, u.operator_id, u.cell_id,
    u.flags
  from sightline.fix_segment s cross join lateral sightline.fix_unpacked(s.packed, s.fixes) u
  where s.camera_id = p_camera_id and s.start_time > p_from - interval '1 day' and s.start_time < p_to and s.end_time >= p_from
    and u.fix_time >= p_from and u.fix_time < p_to
$$;

-- The newest fix of a camera from p_from to before p_to; unpacks no more than it must.
create function sightline.fix_before(p_camera_id int, p_from timestamptz, p_to timestamptz) returns setof sightline.fix_history
  stable rows 1 language sql as $$
  with near as (
    (select fix_time as from_time from sightline.fix where camera_id = p_camera_id and retention_class in ('r', 'o')
      and fix_time >= p_from and fix_time < p_to order by fix_time desc limit 1)
    union all
    (select end_time from sightline.fix_segment where camera_id = p_camera_id and start_time > p_from - interval '1 day'
      and start_time < p_to and end_time >= p_from and end_time < p_to order by end_time desc limit 1)
    union all
    (select greatest(max(start_time), p_from) from sightline.fix_segment where camera_id = p_camera_id
      and start_time > p_from - interval '1 day' and start_time < p_to and end_time >= p_to having max(start_time) is not null))
  select f.* from (select max(from_time) as from_time from near) n
  cross join lateral sightline.fixes(p_camera_id, n.from_time, p_to) f order by f.fix_time desc, f.lat desc, f.lon desc limit 1
$$;

-- The oldest fix of a camera from p_from to before p_to; unpacks no more than it must.
create function sightline.fix_after(p_camera_id int, p_from timestamptz, p_to timestamptz) returns setof sightline.fix_history
  stable rows 1 language sql as $$
  with near as (
    (select fix_time as to_time from sightline.fix where camera_id = p_camera_id and retention_class in ('r', 'o')
      and fix_time >= p_from and fix_time < p_to order by fix_time limit 1)
    union all
    (select start_time from sightline.fix_segment where camera_id = p_camera_id and start_time >= p_from and start_time < p_to
      order by start_time limit 1)
    union all
    (select min(end_time) from sightline.fix_segment where camera_id = p_camera_id
      and start_time > p_from - interval '1 day' and start_time < p_from and end_time >= p_from having min(end_time) is not null))
  select f.* from (select min(to_time) as to_time from near) n
  cross join lateral sightline.fixes(p_camera_id, p_from, least(n.to_time + interval '1 microsecond', p_to)) f
  order by f.fix_time limit 1
$$;

-- Puts segments in the place of the rows that they hold: all, or none if the table of that class and day holds others by now.
create function sightline.fix_pack(p_table text, p_class "char", p_cameras int[], p_starts timestamptz[], p_ends timestamptz[],
    p_fixes smallint[], p_west real[], p_south real[], p_east real[], p_north real[], p_packed bytea[]) returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  wanted constant bigint := (select sum(n) from unnest(p_fixes) n);
  taken bigint;
begin
  if not exists (select from fix_partition where name = p_table and retention_class = p_class) then
    raise exception 'no partition of history: %', p_table using errcode = 'undefined_table';
  end if;
  insert into fix_segment (camera_id, retention_class, start_time, end_time, fixes, west, south, east, north, packed)
    select camera_id, p_class, start_time, end_time, fixes, west, south, east, north, packed
    from unnest(p_cameras, p_starts, p_ends, p_fixes, p_west, p_south, p_east, p_north, p_packed)
      s (camera_id, start_time, end_time, fixes, west, south, east, north, packed);
  execute format('delete from sightline.%I f using unnest($1, $2, $3) s (camera_id, start_time, end_time)
    where f.camera_id = s.camera_id and f.retention_class = $4 and f.fix_time between s.start_time and s.end_time', p_table)
    using p_cameras, p_starts, p_ends, p_class;
  get diagnostics taken = row_count;
  if taken <> wanted then
    raise exception '% rows of % where % are to be packed', taken, p_table, wanted using errcode = 'serialization_failure';
  end if;
  return taken;
end
$$;

-- Partitions for every day from p_from to p_to (inclusive, UTC), of rows and of segments, but for days past their retention.
create or replace function sightline.fix_partitions_ensure(p_from date, p_to date) returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d date;
  suffix text;
  class text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('sightline.fix_partitions'));
  for d in select generate_series(p_from, p_to, interval '1 day')::date loop
    foreach class in array array['recording', 'other'] loop
      suffix := class || to_char(d, '_YYYYMMDD');
      continue when sightline.fix_day_is_past(case class when 'recording' then 'r' else 'o' end, d);
      if to_regclass('sightline.fix_' || suffix) is null then
        execute format('create table sightline.%I partition of sightline.%I for values from (%L) to (%L)
            with (autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_scale_factor = 0.1)',
          'fix_' || suffix, 'fix_' || class, to_char(d, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(d + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
        execute format('grant insert on sightline.%I to sightline_gateway', 'fix_' || suffix);
        execute format('grant select on sightline.%I to sightline_keeper', 'fix_' || suffix);
        made := made + 1;
      end if;
      if to_regclass('sightline.fix_segment_' || suffix) is null then
        execute format('create table sightline.%I partition of sightline.%I for values from (%L) to (%L)',
          'fix_segment_' || suffix, 'fix_segment_' || class,
          to_char(d, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(d + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
        execute format('alter table sightline.%I alter packed set storage external', 'fix_segment_' || suffix);
      end if;
    end loop;
  end loop;
  return made;
end
$$;

-- Drops what is past its retention, rows and segments. Who reads or writes history now is not made to wait for it: a partition that is
-- in use is left for the next time. Returns the partitions it dropped.
create or replace function sightline.fix_partitions_drop() returns setof text
  language plpgsql security definer set search_path = sightline, public set lock_timeout = '100ms' as $$
declare
  p record;
begin
  perform pg_advisory_xact_lock(hashtext('sightline.fix_partitions'));
  for p in select * from sightline.fix_partition where sightline.fix_day_is_past(retention_class, day) loop
    begin
      execute format('drop table sightline.%I', p.name);
      execute format('drop table if exists sightline.%I', replace(p.name, 'fix_', 'fix_segment_'));
      perform sightline.audit_append('erasure', 'retention.drop', 'fix_partition', p.name,
        p_detail => jsonb_build_object('day', p.day), p_actor => 'system:keeper');
      return next p.name;
    exception when lock_not_available then
      raise notice '% is in use', p.name;
    end;
  end loop;
end
$$;

-- Gives the room of days whose rows are all packed back to the disk. Returns the tables that it emptied.
create function sightline.fix_partitions_tidy() returns setof text
  language plpgsql security definer set search_path = sightline, public set lock_timeout = '100ms' as $$
declare
  p record;
  holds_rows boolean;
begin
  for p in select * from sightline.fix_partition where day < (now() at time zone 'UTC')::date loop
    continue when pg_relation_size(('sightline.' || quote_ident(p.name))::regclass) = 0;
    begin
      execute format('select exists (select from sightline.%I)', p.name) into holds_rows;
      continue when holds_rows;
      execute format('lock table sightline.%I in access exclusive mode', p.name);
      execute format('select exists (select from sightline.%I)', p.name) into holds_rows;
      continue when holds_rows;
      execute format('truncate sightline.%I', p.name);
      return next p.name;
    exception when lock_not_available then
      raise notice '% is in use', p.name;
    end;
  end loop;
end
$$;

create or replace view sightline.fix_readable as
  select c.ref as camera, f.fix_time, f.received_time, f.lat, f.lon,
    st_setsrid(st_makepoint(f.lon, f.lat), 4326)::geometry(Point, 4326) as geom,
    (array['unknown', 'off', 'buffering', 'recording'])[f.recording + 1] as recording,
    (array['unknown', 'lte', 'nr', 'wifi', 'other'])[f.bearer + 1] as bearer,
    o.plmn as operator, rc.cell, f.rsrp_dbm, f.rsrq_db, f.sinr_db, f.rssi_dbm, f.uplink_kbps,
    f.accuracy_m, f.altitude_m, f.speed_mps, f.heading_deg, f.battery_pct, f.flags, f.retention_class
  from (select * from sightline.fix_history
    union all
    select camera_id, retention_class, recording, bearer, fix_time, received_time, lat, lon, accuracy_m, altitude_m, speed_mps,
      heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
    from sightline.fix_archive) f
  join sightline.camera c on c.id = f.camera_id
  left join sightline.network_operator o on o.id = f.operator_id
  left join sightline.radio_cell rc on rc.id = f.cell_id;

select sightline.fix_partitions_ensure(min(day), max(day)) from sightline.fix_partition;
do $$
declare
  part text;
begin
  for part in select name from sightline.fix_partition loop
    execute format('alter table sightline.%I set (autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_scale_factor = 0.1)', part);
    execute format('grant select on sightline.%I to sightline_keeper', part);
  end loop;
end
$$;

grant select on sightline.fix_segment, sightline.fix_history to sightline_gateway, sightline_dashboard, sightline_keeper;
grant select on sightline.network_operator, sightline.radio_cell to sightline_keeper;
grant execute on function sightline.segment_number(bytea, int), sightline.segment_unfolded(bigint), sightline.running_total(bigint),
  sightline.segment_column(bytea, int, int, boolean), sightline.fix_unpacked(bytea, int),
  sightline.fixes(int, timestamptz, timestamptz), sightline.fix_before(int, timestamptz, timestamptz),
  sightline.fix_after(int, timestamptz, timestamptz) to sightline_gateway, sightline_dashboard, sightline_keeper;
grant execute on function sightline.fix_pack(text, "char", int[], timestamptz[], timestamptz[], smallint[], real[], real[], real[],
  real[], bytea[]), sightline.fix_partitions_tidy() to sightline_keeper;
