-- Live state moves house while somebody holds a snapshot.
--
-- Versions of a row that an open snapshot might want cannot go, and live state makes one a second of each camera: after two minutes of a
-- report at 20,000 cameras the table had 430 MB, and flushes took 20 s. So the rows have several tables to live in. When the one they are
-- in has grown far beyond what they need, they move to an empty one, as an ordinary change that every snapshot sees as a whole or not at
-- all; the one they left is emptied once nobody looks at it. Who has locked all of them (pg_dump) has not locked those that are made
-- after it began, and one is made where none is both empty and free.

alter table sightline.live rename to live_before;
create table sightline.live (
  like sightline.live_before including defaults including constraints including comments,
  house smallint default 0                  -- the table that the row is in
) partition by list (house);

-- Another table for live rows to live in. (ATTACH, which waits for nobody who reads or writes the others.)
create function sightline.live_house_make(p_house smallint) returns void
  language plpgsql set search_path = sightline as $$
begin
  execute format('create table sightline.live_%s (like sightline.live including defaults including constraints, primary key (camera_id))
    with (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0)', p_house);
  execute format('alter table sightline.live_%s alter column house set default %s', p_house, p_house);
  execute format('grant select, insert, update on sightline.live_%s to sightline_gateway', p_house);
  execute format('alter table sightline.live attach partition sightline.live_%s for values in (%s)', p_house, p_house);
end
$$;
revoke execute on function sightline.live_house_make(smallint) from public;
select sightline.live_house_make(0::smallint);
insert into sightline.live select *, 0 from sightline.live_before;
drop table sightline.live_before;
grant select, insert, update on sightline.live to sightline_gateway;
grant select on sightline.live to sightline_dashboard, sightline_keeper;

create table sightline.live_house (
  house smallint not null,
  left_time timestamptz[] not null,         -- when the rows left each; the first is of house 0; null: never
  only_one boolean primary key default true check (only_one)
);
insert into sightline.live_house values (0, array[null]::timestamptz[]);

-- Where live rows are now. What is not said otherwise goes there.
create function sightline.live_house_now() returns smallint
  stable language sql security definer set search_path = sightline as $$ select house from live_house $$;
alter table sightline.live alter column house set default sightline.live_house_now();
alter table sightline.live_0 alter column house set default 0;     -- to which the other has gone on

-- All houses, and how large they are.
create function sightline.live_houses() returns table (house smallint, size bigint)
  stable language sql set search_path = sightline as $$
  select substring(c.relname from '\d+$')::smallint, pg_relation_size(c.oid)
  from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'sightline.live'::regclass
$$;

-- Whether somebody else has a house locked now.
create function sightline.live_house_is_locked(p_house smallint) returns boolean
  language sql set search_path = sightline as $$
  select exists (select from pg_locks k join pg_database d on d.oid = k.database
    where d.datname = current_database() and k.relation = format('sightline.live_%s', p_house)::regclass and k.pid <> pg_backend_pid())
$$;

-- Whether nobody has a house locked, for longer than a moment.
create function sightline.live_house_is_free(p_house smallint) returns boolean
  language plpgsql set search_path = sightline as $$
begin
  for tried in 1..4 loop
    if not live_house_is_locked(p_house) then
      return true;
    end if;
    perform pg_sleep(0.03);
  end loop;
  return false;
end
$$;

-- Where live rows are and stay until the transaction ends, as the name of the table. (A lock of the advisory kind is fair: who wants to
-- move waits for the flushes under way, and not for those that come, however many gateways there are.)
create function sightline.live_house_held() returns text
  language plpgsql security definer set search_path = sightline as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('sightline.live'), 0);
  return (select format('sightline.live_%s', house) from live_house);
end
$$;
revoke execute on function sightline.live_house_held() from public;
grant execute on function sightline.live_house_held() to sightline_gateway;

create or replace function sightline.live_take_newer() returns bigint
  language plpgsql set search_path = sightline, public
  set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
  taken bigint;
begin
  execute format($update$
  update %s l set
    gateway_id = s.gateway_id,
    batch = s.batch,
    seen_time = s.seen_time,
    flags = s.flags,
    battery_pct = case when l.battery_time is null or (s.battery_time, s.battery_pct) > (l.battery_time, l.battery_pct)
      then coalesce(s.battery_pct, l.battery_pct) else l.battery_pct end,
    battery_time = case when l.battery_time is null or (s.battery_time, s.battery_pct) > (l.battery_time, l.battery_pct)
      then s.battery_time else l.battery_time end,
    epoch = s.epoch,
    recording = s.recording,
    recording_time = s.recording_time,
    recording_since = case when l.recording_time is null or s.recording <> l.recording then s.recording_since
      else l.recording_since end,
    fix_time = s.fix_time,
    fix_received_time = s.fix_received_time,
    lat = s.lat,
    lon = s.lon,
    accuracy_m = s.accuracy_m,
    altitude_m = s.altitude_m,
    speed_mps = s.speed_mps,
    heading_deg = s.heading_deg,
    signal_time = s.signal_time,
    bearer = s.bearer,
    operator_id = s.operator_id,
    cell_id = s.cell_id,
    rsrp_dbm = s.rsrp_dbm,
    rsrq_db = s.rsrq_db,
    sinr_db = s.sinr_db,
    rssi_dbm = s.rssi_dbm,
    uplink_kbps = s.uplink_kbps
  from (select * from live_stage order by camera_id offset 0) s
  where l.camera_id = s.camera_id and l.gateway_id = s.gateway_id
    and s.seen_time >= l.seen_time and s.fix_time > l.fix_time and s.signal_time > l.signal_time
    and s.recording_time is not null and (s.epoch, s.recording_time) >= (l.epoch, l.recording_time)
  $update$, live_house_held());
  get diagnostics taken = row_count;
  return taken;
end
$$;

-- Staged live state of which this flush is not in place yet. Position goes by the device's time (of two readings of one instant the
-- same one wins whatever came first), recording state by arrival on the newest connection, signal and charge by their time. Ordered, so
-- that writers cannot deadlock.
create function sightline.live_upsert() returns void
  language plpgsql set search_path = sightline, public as $$
begin
  execute format($upsert$
  insert into %s as l (camera_id, gateway_id, batch, epoch, seen_time, recording, recording_time, recording_since, fix_time,
    fix_received_time, lat, lon, accuracy_m, altitude_m, speed_mps, heading_deg, flags, battery_pct, battery_time, signal_time, bearer,
    operator_id, cell_id, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps)
  select camera_id, gateway_id, batch, epoch, seen_time, recording, recording_time, recording_since, fix_time,
    fix_received_time, lat, lon, accuracy_m, altitude_m, speed_mps, heading_deg, flags, battery_pct, battery_time, signal_time, bearer,
    operator_id, cell_id, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps
  from live_stage s
  where not exists (
    select from live l where l.camera_id = s.camera_id and l.gateway_id = s.gateway_id and l.batch = s.batch)
  order by camera_id
  on conflict (camera_id) do update set
    gateway_id = excluded.gateway_id,
    batch = excluded.batch,
    seen_time = greatest(l.seen_time, excluded.seen_time),
    flags = excluded.flags,
    battery_pct = case when l.battery_time is null or (excluded.battery_time, excluded.battery_pct) > (l.battery_time, l.battery_pct) then coalesce(excluded.battery_pct, l.battery_pct) else l.battery_pct end,
    battery_time = case when l.battery_time is null or (excluded.battery_time, excluded.battery_pct) > (l.battery_time, l.battery_pct) then excluded.battery_time else l.battery_time end,
    epoch = case when excluded.recording_time is not null and (excluded.epoch, excluded.recording_time) >= (l.epoch, coalesce(l.recording_time, '-infinity')) then excluded.epoch else l.epoch end,
    recording = case when excluded.recording_time is not null and (excluded.epoch, excluded.recording_time) >= (l.epoch, coalesce(l.recording_time, '-infinity')) then excluded.recording else l.recording end,
    recording_time = case when excluded.recording_time is not null and (excluded.epoch, excluded.recording_time) >= (l.epoch, coalesce(l.recording_time, '-infinity')) then excluded.recording_time else l.recording_time end,
    recording_since = case when excluded.recording_time is not null and (excluded.epoch, excluded.recording_time) >= (l.epoch, coalesce(l.recording_time, '-infinity'))
      and (l.recording_time is null or excluded.recording <> l.recording) then excluded.recording_since else l.recording_since end,
    fix_time = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.fix_time else l.fix_time end,
    fix_received_time = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.fix_received_time else l.fix_received_time end,
    lat = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.lat else l.lat end,
    lon = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.lon else l.lon end,
    accuracy_m = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.accuracy_m else l.accuracy_m end,
    altitude_m = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.altitude_m else l.altitude_m end,
    speed_mps = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.speed_mps else l.speed_mps end,
    heading_deg = case when l.fix_time is null or (excluded.fix_time, excluded.lat, excluded.lon) > (l.fix_time, l.lat, l.lon) then excluded.heading_deg else l.heading_deg end,
    signal_time = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.signal_time else l.signal_time end,
    bearer = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.bearer else l.bearer end,
    operator_id = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.operator_id else l.operator_id end,
    cell_id = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.cell_id else l.cell_id end,
    rsrp_dbm = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.rsrp_dbm else l.rsrp_dbm end,
    rsrq_db = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.rsrq_db else l.rsrq_db end,
    sinr_db = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.sinr_db else l.sinr_db end,
    rssi_dbm = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.rssi_dbm else l.rssi_dbm end,
    uplink_kbps = case when l.signal_time is null or excluded.signal_time > l.signal_time then excluded.uplink_kbps else l.uplink_kbps end
  $upsert$, live_house_held());
end
$$;
revoke execute on function sightline.live_upsert() from public;
grant execute on function sightline.live_upsert() to sightline_gateway;

-- Live rows move when their house has grown beyond p_least bytes and four times what they need (512 bytes a row, most of each page being
-- left free). Flushes under way are waited for; those that come wait for the move. Returns how many rows moved; null: none had to, or it
-- is tried again.
create function sightline.live_move(p_least bigint) returns bigint
  language plpgsql security definer set search_path = sightline, public set lock_timeout = '2s' as $$
declare
  here smallint := (select house from live_house);
  grown bigint := (select size from live_houses() where house = here);
  there smallint;
  moved bigint;
begin
  if grown < p_least or grown < 4 * 512 * (select count(*) from live) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtext('sightline.live'), 0);
  if here <> (select house from live_house) then
    return null;                            -- somebody else has moved them
  end if;
  select h.house into there from live_houses() h
    where h.house <> here and h.size = 0 and live_house_is_free(h.house) order by h.house limit 1;
  if there is null then
    there := (select max(house) + 1 from live_houses());
    perform live_house_make(there);
  end if;
  update live set house = there where house = here;
  get diagnostics moved = row_count;
  update live_house set house = there, left_time[here + 1] = clock_timestamp();
  return moved;
exception when lock_not_available then
  return null;
end
$$;

-- Houses that the rows left p_after seconds ago are emptied, and those beyond p_most taken down, for which nobody waits: where one is in
-- use, it is tried again. By then no statement can be under way that looked for the rows there. Returns how many were.
create function sightline.live_sweep(p_after float8, p_most int) returns bigint
  language plpgsql security definer set search_path = sightline, public set lock_timeout = '2s' as $$
declare
  swept bigint := 0;
  one record;
  is_used boolean;
begin
  if not exists (select from live_house l cross join live_houses() h
      where h.house <> l.house and (h.size > 0 or (select count(*) from live_houses()) > p_most + 1)) then
    return 0;
  end if;
  perform pg_advisory_xact_lock(hashtext('sightline.live'), 0);
  perform set_config('lock_timeout', '100ms', true);
  for one in
    select h.house, h.size, row_number() over (order by h.house) > p_most as is_spare from live_house l cross join live_houses() h
    where h.house <> l.house and coalesce(l.left_time[h.house + 1], '-infinity') < clock_timestamp() - make_interval(secs => p_after)
  loop
    continue when one.size = 0 and not one.is_spare;
    begin
      -- Asked before, since whoever waits for such a lock has all others wait, too.
      continue when live_house_is_locked(one.house);
      execute format('lock table sightline.live_%s in access exclusive mode', one.house);
      if one.is_spare then
        lock table only live in access exclusive mode;
      end if;
      execute format('select exists (select from sightline.live_%s)', one.house) into is_used;
      if is_used then
        raise warning 'live state has rows in house %, which it left', one.house;
        continue;
      elsif one.is_spare then
        execute format('drop table sightline.live_%s', one.house);
      else
        execute format('truncate sightline.live_%s', one.house);
      end if;
      swept := swept + 1;
    exception when lock_not_available then
      null;
    end;
  end loop;
  return swept;
exception when lock_not_available then
  return 0;
end
$$;
revoke execute on function sightline.live_houses(), sightline.live_house_is_free(smallint),
  sightline.live_house_is_locked(smallint), sightline.live_house_now(),
  sightline.live_move(bigint), sightline.live_sweep(float8, int) from public;
grant execute on function sightline.live_move(bigint), sightline.live_sweep(float8, int) to sightline_keeper;
