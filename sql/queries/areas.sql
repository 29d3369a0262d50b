-- name: outlines
-- The force's areas by name, as GeoJSON in WGS 84 degrees, simplified to within ten metres.
select code, name, st_asgeojson(st_simplifypreservetopology(geom, 0.00008), 5) as outline
from area where geom is not null order by name, code;

-- name: put
-- Makes areas ($1 codes, $2 names, $3 WKB in WGS 84), or brings those of the same codes up to date; gives how many were new.
with put as (
  insert into area (code, name, geom)
  select code, name, st_multi(st_geomfromwkb(wkb, 4326)) from unnest($1::text[], $2::text[], $3::bytea[]) a (code, name, wkb)
  on conflict (code) do update set name = excluded.name, geom = excluded.geom
  returning xmax = 0 as is_new
)
select count(*) filter (where is_new) from put;
