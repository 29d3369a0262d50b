-- Cameras, what they report (history, live state, quarantine), their connections, commands to them, coverage, basemap.
-- Positions are WGS 84 degrees (EPSG:4326); fix_time is the device's time, received_time the server's.
-- Codes, so that hot rows stay small:  recording 0 unknown, 1 off, 2 buffering, 3 recording
--                                      bearer    0 unknown, 1 lte, 2 nr, 3 wifi, 4 other (its level is not RSRP)

create table sightline.camera (
  id int generated always as identity primary key,
  ref text not null unique check (ref ~ '^[A-Za-z0-9._:-]{1,64}$'),   -- the camera's id in every message
  kind text not null default 'body_worn' check (kind in ('body_worn', 'tracker')),
  officer_id int references sightline.officer,    -- whose it is, unless signed on to another (duty)
  unit_id int references sightline.unit,
  model text,
  firmware text,
  audio_out text check (audio_out in ('none', 'earpiece', 'speaker')),
  token_hash bytea,                               -- SHA-256; null: has no token
  created_time timestamptz not null default now(),
  disabled_time timestamptz
);
create unique index camera_token on sightline.camera (token_hash) where token_hash is not null;

create table sightline.bridge (
  id int generated always as identity primary key,
  name text not null unique,
  token_hash bytea not null unique,
  created_time timestamptz not null default now(),
  disabled_time timestamptz
);

-- Who is on duty with which camera: the sign-on.
create table sightline.duty (
  id bigint generated always as identity primary key,
  camera_id int not null references sightline.camera,
  officer_id int not null references sightline.officer,
  call_sign text,
  during tstzrange not null,
  constraint duty_one_officer_per_camera exclude using gist (camera_id with =, during with &&),
  constraint duty_one_camera_per_officer exclude using gist (officer_id with =, during with &&)
);

create table sightline.network_operator (
  id smallint generated always as identity primary key,
  plmn text not null unique                      -- as reported, for example 234-30
);
create table sightline.radio_cell (
  id int generated always as identity primary key,
  operator_id smallint not null references sightline.network_operator,
  cell text not null,
  unique (operator_id, cell)
);

-- History. One row a fix; partitions by retention class (r: was recording, o: was not), then by UTC day. No default
-- partition: the merge bounds times before. One unique btree and nothing else on the hot path.
create table sightline.fix (
  camera_id int not null,
  retention_class "char" not null check (retention_class in ('r', 'o')),
  recording smallint not null default 0 check (recording between 0 and 3),
  bearer smallint not null default 0 check (bearer between 0 and 4),
  fix_time timestamptz not null,
  received_time timestamptz not null,
  content_hash bigint not null,                  -- of everything the device said in this fix; tells two readings apart
  lat double precision not null check (lat between -90 and 90),
  lon double precision not null check (lon between -180 and 180),
  accuracy_m real,
  altitude_m real,
  speed_mps real,
  heading_deg real,
  battery_pct real,
  rsrp_dbm real,
  rsrq_db real,
  sinr_db real,
  rssi_dbm real,
  uplink_kbps real,
  operator_id smallint,
  cell_id int,
  flags smallint not null default 0              -- 1 late, 2 stuck
) partition by list (retention_class);
create table sightline.fix_recording partition of sightline.fix for values in ('r') partition by range (fix_time);
create table sightline.fix_other partition of sightline.fix for values in ('o') partition by range (fix_time);
create unique index fix_once on sightline.fix (camera_id, retention_class, fix_time, content_hash);

-- Fixes older than the retention: old imports, kept apart so that they neither reach live nor hinder a partition drop.
create table sightline.fix_archive (like sightline.fix including defaults including constraints);
create unique index fix_archive_once on sightline.fix_archive (camera_id, fix_time, content_hash);

-- What could not be believed. The raw row stays, with the reason.
create table sightline.fix_quarantine (
  id bigint generated always as identity primary key,
  camera_id int not null references sightline.camera,
  received_time timestamptz not null,
  fix_time timestamptz,
  reason text not null check (reason in ('clock_ahead', 'zero_position', 'implausible_jump', 'refused_by_database')),
  detail text not null,
  content_hash bigint not null,
  raw jsonb not null
);
create unique index fix_quarantine_once on sightline.fix_quarantine (camera_id, reason, content_hash);

-- Whether a whole UTC day of a retention class is past its time.
create function sightline.fix_day_is_past(p_class text, p_day date) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select (p_day + 1)::timestamp at time zone 'UTC' < now() - case p_class
    when 'r' then make_interval(days => sightline.setting_number('retention_recording_days')::int)
    else make_interval(hours => sightline.setting_number('retention_other_hours')::int) end
$$;

-- Makes the partitions for every day from p_from to p_to (inclusive, UTC), but for days that are past their retention.
-- Safe to run again.
create function sightline.fix_partitions_ensure(p_from date, p_to date) returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d date;
  part text;
  parent text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('sightline.fix_partitions'));
  for d in select generate_series(p_from, p_to, interval '1 day')::date loop
    foreach parent in array array['fix_recording', 'fix_other'] loop
      part := parent || to_char(d, '_YYYYMMDD');
      if to_regclass('sightline.' || part) is null
         and not sightline.fix_day_is_past(case parent when 'fix_recording' then 'r' else 'o' end, d) then
        execute format('create table sightline.%I partition of sightline.%I for values from (%L) to (%L)',
          part, parent, to_char(d, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(d + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end
$$;

-- The days for which partitions exist, for the writer to know what it may store: (retention class, first, last).
create view sightline.fix_partition as
  select case parent.relname when 'fix_recording' then 'r' else 'o' end as retention_class,
         to_date(right(child.relname, 8), 'YYYYMMDD') as day, child.relname::text as name
  from pg_inherits i
  join pg_class child on child.oid = i.inhrelid
  join pg_class parent on parent.oid = i.inhparent
  where parent.relname in ('fix_recording', 'fix_other');

-- Drops what is past its retention. Returns the partitions it dropped.
create function sightline.fix_partitions_drop() returns setof text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  p record;
begin
  perform pg_advisory_xact_lock(hashtext('sightline.fix_partitions'));
  for p in select * from sightline.fix_partition loop
    if sightline.fix_day_is_past(p.retention_class, p.day) then
      execute format('drop table sightline.%I', p.name);
      perform sightline.audit_append('erasure', 'retention.drop', 'fix_partition', p.name,
        p_detail => jsonb_build_object('day', p.day), p_actor => 'system:keeper');
      return next p.name;
    end if;
  end loop;
end
$$;

-- Gateways: one row each run. batch is the number of its newest committed flush.
create table sightline.gateway (
  id int generated always as identity primary key,
  name text not null,
  started_time timestamptz not null default now(),
  heartbeat_time timestamptz not null default now(),
  batch bigint not null default 0,
  ended_time timestamptz
) with (fillfactor = 20);

-- The newest connection of each camera, across gateways: the greater epoch wins.
create table sightline.camera_link (
  camera_id int primary key references sightline.camera,
  epoch bigint not null,
  gateway_id int not null,
  connected_time timestamptz not null default now(),
  disconnected_time timestamptz
) with (fillfactor = 60);

-- Live state: one row a camera. No index but the key, so that every update is HOT.
create table sightline.live (
  camera_id int primary key,
  gateway_id int not null,
  batch bigint not null,
  epoch bigint not null default 0,
  seen_time timestamptz not null,           -- newest receipt of anything that proves the camera's state
  recording smallint not null default 0,
  recording_time timestamptz,               -- receipt of the message that set it
  recording_since timestamptz,              -- since when it has been this state
  fix_time timestamptz,
  fix_received_time timestamptz,
  lat double precision,
  lon double precision,
  accuracy_m real,
  altitude_m real,
  speed_mps real,
  heading_deg real,
  flags smallint not null default 0,        -- 2 stuck, 16 newest fix was quarantined
  battery_pct real,
  signal_time timestamptz,                  -- device's time of the signal values below
  bearer smallint not null default 0,
  operator_id smallint,
  cell_id int,
  rsrp_dbm real,
  rsrq_db real,
  sinr_db real,
  rssi_dbm real,
  uplink_kbps real,
  check ((lat is null) = (lon is null) and (lat is null) = (fix_time is null))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);

-- Expected interval between reports in each recording state, seconds (the welcome tells cameras the same).
create table sightline.report_interval (
  recording smallint primary key, interval_s smallint not null
);
insert into sightline.report_interval values (0, 60), (1, 60), (2, 5), (3, 1);

-- Seconds since a camera proved its state, and whether that is too long: the one definition for gate and screens.
create function sightline.is_stale(p_seen timestamptz, p_recording smallint) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select p_seen is null or extract(epoch from clock_timestamp() - p_seen) > greatest(
    sightline.setting_number('stale_after_s'),
    4 * (select interval_s from sightline.report_interval where recording = p_recording))
$$;

-- Commands to cameras. The gateway that holds the camera's newest connection delivers; what expired is not sent.
create table sightline.camera_command (
  id bigint generated always as identity primary key,
  camera_id int not null references sightline.camera,
  body jsonb not null,
  created_time timestamptz not null default now(),
  expires_time timestamptz not null,
  delivered_time timestamptz
);
create index camera_command_waiting on sightline.camera_command (camera_id, id) where delivered_time is null;

create function sightline.command_camera(p_camera_id int, p_body jsonb, p_seconds int default 30) returns bigint
  language plpgsql security definer set search_path = sightline, public as $$
declare
  made bigint;
begin
  insert into sightline.camera_command (camera_id, body, expires_time)
    values (p_camera_id, p_body, now() + make_interval(secs => p_seconds)) returning id into made;
  perform pg_notify('sightline_command', p_camera_id::text);
  return made;
end
$$;

-- A camera that is disabled, or whose token changes, is cut off by the gateways at once.
create function sightline.camera_changed() returns trigger language plpgsql
  security definer set search_path = sightline, public as $$
begin
  if new.disabled_time is distinct from old.disabled_time or new.token_hash is distinct from old.token_hash then
    perform sightline.announce('camera_access', jsonb_build_object('camera_id', new.id, 'camera', new.ref));
  end if;
  return new;
end
$$;
create trigger camera_changed after update on sightline.camera
  for each row execute function sightline.camera_changed();

-- Coverage. A device-bin is one (camera, H3 cell of resolution 9, operator, bearer, 5 minutes): see docs.
-- coverage_todo names what must be computed again; the keeper does so from `fix`, so that late, duplicate and
-- replayed fixes count exactly once.
create table sightline.coverage_todo (
  camera_id int not null,
  bin_start timestamptz not null,
  added_time timestamptz not null default now(),
  primary key (camera_id, bin_start)
);
create table sightline.coverage_bin (
  camera_id int not null,
  bin_start timestamptz not null,
  cell bigint not null,
  operator_id smallint not null default 0,
  bearer smallint not null default 0,
  samples int not null,                     -- fixes in the bin; 0 in a gap
  rsrp_dbm real,                            -- lower medians of the known samples
  rsrq_db real,
  sinr_db real,
  uplink_kbps real,
  gap boolean not null default false,
  primary key (camera_id, bin_start, cell, operator_id, bearer)
);
create index coverage_bin_cell on sightline.coverage_bin (cell, bin_start);

-- Alerts: few, and each says what to do.
create table sightline.alert (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('eyes_on', 'cover_short')),
  camera_id int references sightline.camera,
  raised_time timestamptz not null default now(),
  state text not null default 'waiting' check (state in ('waiting', 'seen', 'watching', 'ended')),
  answered_by int references sightline.app_user,
  answered_time timestamptz,
  ended_time timestamptz,
  detail jsonb not null default '{}',
  check (kind <> 'eyes_on' or camera_id is not null)
);
create unique index alert_one_eyes_on on sightline.alert (camera_id) where kind = 'eyes_on' and state <> 'ended';

-- An officer asks for eyes on. Asking again while it waits changes nothing. Returns the state to tell the camera.
create function sightline.alert_eyes_on(p_camera_id int) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
begin
  insert into sightline.alert (kind, camera_id) values ('eyes_on', p_camera_id)
    on conflict (camera_id) where kind = 'eyes_on' and state <> 'ended' do nothing returning * into a;
  if found then
    perform sightline.audit_append('collection', 'alert.eyes_on', 'camera',
      (select ref from sightline.camera where id = p_camera_id),
      p_detail => jsonb_build_object('alert', a.id), p_actor => 'system:gateway');
    perform sightline.announce('alert', jsonb_build_object('alert', a.id));
    return a.state;
  end if;
  return (select state from sightline.alert where camera_id = p_camera_id and kind = 'eyes_on' and state <> 'ended');
end
$$;

-- The officer, or who watches, ends it; or somebody has seen it. Returns the new state, null where there is none.
create function sightline.alert_answer(p_alert_id bigint, p_state text) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
begin
  if p_state not in ('seen', 'watching', 'ended') then
    raise exception 'state of an alert: % is not seen, watching or ended', p_state using errcode = 'check_violation';
  end if;
  select * into a from sightline.alert where id = p_alert_id for update;
  if not found then
    return null;
  end if;
  if a.state = 'ended' or (a.state = 'watching' and p_state = 'seen') then
    return a.state;
  end if;
  update sightline.alert set state = p_state,
      answered_by = coalesce(answered_by, sightline.actor_user_id()),
      answered_time = coalesce(answered_time, now()),
      ended_time = case when p_state = 'ended' then now() end
    where id = p_alert_id;
  if a.camera_id is not null then
    perform sightline.command_camera(a.camera_id, jsonb_build_object('type', 'eyes_on_state', 'state', p_state));
  end if;
  perform sightline.audit_append('alteration', 'alert.' || p_state, 'alert', p_alert_id::text);
  perform sightline.announce('alert', jsonb_build_object('alert', p_alert_id));
  return p_state;
end
$$;

-- Basemap of a closed network: one table, tiles by ST_AsMVT.
create table sightline.basemap_feature (
  id bigint generated always as identity primary key,
  layer text not null,                      -- land, water, wood, urban, hill, road, rail, building, place, area, poi
  kind text not null default '',            -- within the layer, for example motorway, a_road, residential; city, town
  name text not null default '',
  rank smallint not null default 0,         -- 0 is drawn first when zooming in
  geom geometry(Geometry, 3857) not null
);
create index basemap_feature_geom on sightline.basemap_feature using gist (geom);

-- History with words and geometry, for people: the same rows as fix.
create view sightline.fix_readable as
  select c.ref as camera, f.fix_time, f.received_time, f.lat, f.lon,
    st_setsrid(st_makepoint(f.lon, f.lat), 4326)::geometry(Point, 4326) as geom,
    (array['unknown', 'off', 'buffering', 'recording'])[f.recording + 1] as recording,
    (array['unknown', 'lte', 'nr', 'wifi', 'other'])[f.bearer + 1] as bearer,
    o.plmn as operator, rc.cell, f.rsrp_dbm, f.rsrq_db, f.sinr_db, f.rssi_dbm, f.uplink_kbps,
    f.accuracy_m, f.altitude_m, f.speed_mps, f.heading_deg, f.battery_pct, f.flags, f.retention_class
  from (select * from sightline.fix union all select * from sightline.fix_archive) f
  join sightline.camera c on c.id = f.camera_id
  left join sightline.network_operator o on o.id = f.operator_id
  left join sightline.radio_cell rc on rc.id = f.cell_id;

grant select on sightline.camera, sightline.bridge, sightline.officer, sightline.unit, sightline.duty, sightline.report_interval,
  sightline.fix_partition to sightline_gateway;
grant update (model, firmware, audio_out) on sightline.camera to sightline_gateway;
grant insert on sightline.camera to sightline_gateway;    -- bridges, where the force lets them register cameras
grant select, insert on sightline.network_operator, sightline.radio_cell, sightline.fix, sightline.fix_archive,
  sightline.fix_quarantine to sightline_gateway;
grant select, insert, update on sightline.live, sightline.gateway, sightline.camera_link to sightline_gateway;
grant select, insert on sightline.coverage_todo to sightline_gateway;
grant select, update on sightline.camera_command to sightline_gateway;
do $$ begin
  execute format('grant temporary on database %I to sightline_gateway', current_database());
end $$;
grant execute on function sightline.alert_eyes_on(int), sightline.is_stale(timestamptz, smallint),
  sightline.command_camera(int, jsonb, int) to sightline_gateway;

grant select on sightline.camera, sightline.bridge, sightline.duty, sightline.network_operator, sightline.radio_cell, sightline.fix,
  sightline.fix_archive, sightline.fix_quarantine, sightline.gateway, sightline.camera_link, sightline.live,
  sightline.report_interval, sightline.coverage_bin, sightline.alert, sightline.basemap_feature, sightline.fix_partition,
  sightline.fix_readable to sightline_dashboard;
grant insert, update on sightline.camera, sightline.bridge, sightline.duty to sightline_dashboard;

grant select on sightline.fix, sightline.fix_archive, sightline.fix_partition, sightline.live, sightline.gateway, sightline.camera,
  sightline.report_interval, sightline.camera_link, sightline.alert to sightline_keeper;
grant select, insert, delete on sightline.coverage_todo, sightline.coverage_bin to sightline_keeper;
grant select, delete on sightline.camera_command to sightline_keeper;
grant execute on function sightline.fix_partitions_ensure(date, date), sightline.fix_partitions_drop() to sightline_keeper;
grant execute on function sightline.is_stale(timestamptz, smallint), sightline.alert_answer(bigint, text) to sightline_dashboard;
