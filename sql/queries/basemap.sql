-- name: lock
-- One import at a time; the map is read on.
lock table basemap_feature in share row exclusive mode;

-- name: clear
-- The map that was there.
delete from basemap_feature;

-- name: attribute
-- What the map's licence wants to be said on it ($1), beside what is said already ($2) or in its place.
update force_setting set value = to_jsonb(case
    when $2 and value #>> '{}' <> '' and position($1 in value #>> '{}') = 0 then (value #>> '{}') || ', ' || $1
    when $2 and value #>> '{}' <> '' then value #>> '{}'
    else $1 end)
where key = 'basemap_attribution';

-- name: analyze
-- Plans for the new map.
analyze basemap_feature;

-- name: about
-- What browsers are told of the map: a number that changes with it (null: there is none), and what is to be said on it.
select (select max(id) from basemap_feature) as version, (select value #>> '{}' from force_setting where key = 'basemap_attribution') as attribution;
