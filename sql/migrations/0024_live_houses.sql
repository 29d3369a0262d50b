-- Live state moves house while somebody holds a snapshot.
--
-- Versions of a row that an open snapshot might want cannot go, and live state makes one a second of each camera: after two minutes of a
-- report at 20,000 cameras the table had 430 MB, and flushes took 20 s. So the rows have several tables to live in. When the one they are
-- in has grown far beyond what they need, they move to an empty one, as an ordinary change that every snapshot sees as a whole or not at
-- all; the one they left is emptied once nobody looks at it. Who has locked all of them (pg_dump) has not locked those that are made
-- after it began: one is made ahead where none is both empty and free, and those that are too many are taken down afterwards.

alter table sightline.live rename to live_before;
create table sightline.live (
  like sightline.live_before including defaults including constraints including comments,
  house smallint default 0                  -- the table that the row is in
) partition by list (house);

create table sightline.live_house (
  house smallint not null,
  empty_since timestamptz[] not null,       -- since when nobody lives in each; the first is of house 0; null: somebody does
  only_one boolean primary key default true check (only_one)
);
insert into sightline.live_house values (0, array[null]::timestamptz[]);

-- Another table for live rows to live in. (ATTACH, which waits for nobody who reads or writes the others.)
create function sightline.live_house_make(p_house smallint) returns void
  language plpgsql set search_path = sightline as $$
begin
  execute format('create table sightline.live_%s (like sightline.live including defaults including constraints, primary key (camera_id))
    with (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0)', p_house);
  execute format('alter table sightline.live_%s alter column house set default %s', p_house, p_house);
  execute format('grant select, insert, update on sightline.live_%s to sightline_gateway', p_house);
  execute format('alter table sightline.live attach partition sightline.live_%s for values in (%s)', p_house, p_house);
  update live_house set empty_since[p_house + 1] = clock_timestamp() where house <> p_house;
end
$$;
revoke execute on function sightline.live_house_make(smallint) from public;
select sightline.live_house_make(0::smallint);
insert into sightline.live select *, 0 from sightline.live_before;
drop table sightline.live_before;
grant select, insert, update on sightline.live to sightline_gateway;
grant select on sightline.live to sightline_dashboard, sightline_keeper;

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

-- Empty houses that no transaction holds for longer than a moment, as one does that locked all tables. (Whoever reads live state locks
-- every house, and is gone before the second look.)
create function sightline.live_houses_free() returns smallint[]
  language plpgsql set search_path = sightline as $$
declare
  empty smallint[] := array(select h.house from live_houses() h where h.size = 0 and h.house <> live_house_now());
  held text[];
begin
  if empty = '{}' then
    return empty;
  end if;
  held := live_house_holders(empty);
  if held <> '{}' then
    perform pg_sleep(0.05);
    held := array(select unnest(held) intersect select unnest(live_house_holders(empty)));
  end if;
  return array(select h from unnest(empty) h where not exists (select from unnest(held) k where k like h || ' %') order by h);
end
$$;

-- Who has houses locked now, as house and transaction.
create function sightline.live_house_holders(p_houses smallint[]) returns text[]
  language sql set search_path = sightline as $$
  select coalesce(array_agg(h || ' ' || k.virtualtransaction), '{}')
  from unnest(p_houses) h join pg_locks k on k.relation = format('sightline.live_%s', h)::regclass
  join pg_database d on d.oid = k.database
  where d.datname = current_database() and k.granted and k.pid <> pg_backend_pid()
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

-- A house is made ahead when a move is near (half of what it takes is reached) and none is empty and free, up to p_most; whether one was.
create function sightline.live_prepare(p_least bigint, p_most int) returns boolean
  language plpgsql security definer set search_path = sightline, public set lock_timeout = '1s' as $$
declare
  grown bigint := (select size from live_houses() where house = live_house_now());
begin
  if grown < p_least / 2 or grown < 2 * 512 * (select count(*) from live) or (select count(*) from live_houses()) >= p_most
      or live_houses_free() <> '{}' then
    return false;
  end if;
  perform live_house_make((select max(house) + 1 from live_houses())::smallint);
  return true;
exception when lock_not_available then
  return false;                             -- it is tried again
end
$$;

-- Live rows move when their house has grown beyond p_least bytes and four times what they need (512 bytes a row, most of each page being
-- left free), to one that is empty and free and that everybody has known of for p_known seconds: a statement that was planned before
-- would not look there. Where no empty one is free, one that is held is better than none once there are p_most. Flushes under way are
-- waited for, the longer the more it is needed, since those that come wait for the move. Returns how many rows moved; null: none had to,
-- or it is tried again.
create function sightline.live_move(p_least bigint, p_known float8, p_most int) returns bigint
  language plpgsql security definer set search_path = sightline, public set lock_timeout = '300ms' as $$
declare
  here smallint := (select house from live_house);
  grown bigint := (select size from live_houses() where house = here);
  there smallint;
  moved bigint;
begin
  if grown < p_least or grown < 4 * 512 * (select count(*) from live) then
    return null;
  end if;
  with free as materialized (select live_houses_free() as houses)
  select h.house into there from live_houses() h cross join live_house l cross join free f
    where h.house <> here and h.size = 0 and l.empty_since[h.house + 1] < clock_timestamp() - make_interval(secs => p_known)
      and (h.house = any (f.houses) or (select count(*) from live_houses()) >= p_most)
    order by h.house = any (f.houses) desc, h.house limit 1;
  if there is null then
    return null;
  end if;
  perform set_config('lock_timeout', least(2000, 300 * grown / greatest(p_least, 1)) || 'ms', true);
  perform pg_advisory_xact_lock(hashtext('sightline.live'), 0);
  if here <> (select house from live_house) or (select size > 0 from live_houses() where house = there) then
    return null;                            -- somebody else has moved them
  end if;
  update live set house = there where house = here;
  get diagnostics moved = row_count;
  update live_house set house = there, empty_since[here + 1] = clock_timestamp(), empty_since[there + 1] = null;
  return moved;
exception when lock_not_available then
  return null;
end
$$;

-- Locks a house against everybody, without waiting (lock_not_available), to the end of the transaction; whether nobody lives in it.
create function sightline.live_house_seized(p_house smallint) returns boolean
  language plpgsql set search_path = sightline, public as $$
declare
  is_used boolean;
begin
  execute format('lock table sightline.live_%s in access exclusive mode nowait', p_house);
  execute format('select exists (select from sightline.live_%s)', p_house) into is_used;
  return not is_used and p_house <> (select house from live_house);
end
$$;

-- A house that the rows left p_after seconds ago is emptied, for which nobody waits: where it is in use, it is tried again. By then no
-- statement can be under way that looked for the rows there. One at a time, since what is locked stays so to the end of the transaction.
-- Returns whether one was.
create function sightline.live_sweep(p_after float8) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
declare
  one smallint;
begin
  for tried in 1..2 loop
    for one in
      select h.house from live_house l cross join live_houses() h where h.house <> l.house and h.size > 0
        and l.empty_since[h.house + 1] < clock_timestamp() - make_interval(secs => p_after) order by h.house
    loop
      begin
        if not live_house_seized(one) then
          raise warning 'live state has rows in house %, which it left', one;
          continue;
        end if;
        execute format('truncate sightline.live_%s', one);
        return true;
      exception when lock_not_available then
        null;
      end;
    end loop;
    exit when one is null;
    perform pg_sleep(0.03);
  end loop;
  return false;
end
$$;

-- An empty house beyond p_spare is taken down, for which nobody waits; whether one was. All of live state is locked for it before the
-- house, in the order in which readers lock them.
create function sightline.live_take_down(p_spare int) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
declare
  spare smallint[] := live_houses_free();
  one smallint := spare[cardinality(spare)];
begin
  if cardinality(spare) <= p_spare then
    return false;
  end if;
  lock table only live in access exclusive mode nowait;
  if not live_house_seized(one) then
    return false;
  end if;
  execute format('drop table sightline.live_%s', one);
  return true;
exception when lock_not_available then
  return false;
end
$$;
revoke execute on function sightline.live_houses(), sightline.live_houses_free(), sightline.live_house_holders(smallint[]),
  sightline.live_house_seized(smallint), sightline.live_house_now(), sightline.live_prepare(bigint, int), sightline.live_move(bigint, float8, int),
  sightline.live_sweep(float8), sightline.live_take_down(int) from public;
grant execute on function sightline.live_prepare(bigint, int), sightline.live_move(bigint, float8, int), sightline.live_sweep(float8),
  sightline.live_take_down(int) to sightline_keeper;
