-- name: open
-- Asks to see what an area looked like: from, to, area, purpose, incident, reason. Says why not.
select http, code, message from replay_open($1, $2, $3::text::jsonb, $4, $5, $6);

-- name: incident_place
-- Where an incident is that the acting user may see; none: there is no such incident for them.
select i.lat, i.lon from incident i where i.id = $1 and incident_visible(i.id);

-- name: places
-- Where the cameras were that the acting user may see, in an area ($1 its cells, $2 GeoJSON) from $3 to before $4: the newest fix of each
-- camera in every $5 seconds, at most $6 in all, as columns. Which cameras were there when is known from coverage, and of the last $7 seconds from
-- those that are within $8 degrees of the area now. Nothing of times at incidents that the user may not know of.
with area as materialized (
  select st_geomfromgeojson($2) as geom, st_expand(st_geomfromgeojson($2), $8::float8) as around
), there as (
  select b.camera_id, tstzrange(b.bin_start, b.bin_start + interval '5 minutes') as during
  from coverage_bin b
  where b.cell = any ($1::bigint[]) and b.bin_start > $3::timestamptz - interval '5 minutes' and b.bin_start < $4::timestamptz
  union
  select l.camera_id, tstzrange(now() - make_interval(secs => $7::float8), null)
  from live l cross join area a where $4 > now() - make_interval(secs => $7::float8) and st_setsrid(st_makepoint(l.lon, l.lat), 4326) && a.around
), seen as materialized (
  select t.camera_id, range_agg(t.during) * tstzmultirange(tstzrange($3, $4)) - camera_hidden_times(t.camera_id) as during
  from there t
  where camera_visible(t.camera_id, 'track.view')
  group by t.camera_id
)
select p.camera_id, array_agg(round(extract(epoch from p.fix_time) * 1000)::bigint) as time_ms,
  array_agg(round(p.lat::numeric, 6)::float8) as lat, array_agg(round(p.lon::numeric, 6)::float8) as lon,
  array_agg((array['unknown', 'off', 'buffering', 'recording'])[p.recording + 1]) as recording
from (
  select s.camera_id, f.fix_time, f.lat, f.lon, f.recording
  from seen s cross join area a cross join lateral unnest(s.during) d cross join lateral (
    select distinct on (floor(extract(epoch from x.fix_time) / $5::float8)) x.fix_time, x.lat, x.lon, x.recording
    from fixes(s.camera_id, lower(d), upper(d)) x
    where st_covers(a.geom, st_setsrid(st_makepoint(x.lon, x.lat), 4326))
    order by floor(extract(epoch from x.fix_time) / $5::float8), x.fix_time desc) f
  order by s.camera_id, f.fix_time limit $6
) p
group by p.camera_id;

-- name: wearers
-- Cameras ($1), and who wore each from $2 to $3, in order; one row without a wearer where nobody did.
select c.id as camera_id, c.ref as camera, lower(d.during) as start, upper(d.during) as end, o.shoulder_number as officer, o.name as officer_name,
  d.call_sign, n.code as unit
from camera c
left join duty d on d.camera_id = c.id and d.during && tstzrange($2, $3)
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join unit n on n.id = coalesce(o.unit_id, c.unit_id)
where c.id = any ($1::int[]) order by c.ref, lower(d.during);

-- name: shown
-- Audits what is about to be shown: as in "open", and the cameras.
select replay_shown($1, $2, $3::text::jsonb, $4, $5, $6, $7);
