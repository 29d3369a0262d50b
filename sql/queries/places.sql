-- name: named
-- Named places of the basemap with all these words, or words that begin so ($1, for example 'high:* & str:*'): those called exactly
-- so first ($2, in small letters), then settlements by size, then the rest; of those alike the nearest to a place ($3 latitude,
-- $4 longitude, WGS 84 degrees). A street is one place in each settlement, however many pieces it is drawn in. $5: how many.
with here as (select st_transform(st_setsrid(st_makepoint($4, $3), 4326), 3857) as geom),
hit as (
  select f.layer, f.kind, f.name, f.geom, f.geom <-> here.geom as away, lower(f.name) = $2 as exact
  from basemap_feature f cross join here
  where f.name <> '' and to_tsvector('simple', f.name) @@ to_tsquery('simple', $1)
  order by exact desc, f.layer <> 'place', away limit 1000
),
settled as (
  select hit.*, s.name as settlement from hit
  left join lateral (
    select p.name from basemap_feature p where hit.layer <> 'place' and p.layer = 'place' and p.name <> ''
    order by p.geom <-> hit.geom limit 1) s on true
),
one as (
  select distinct on (layer, name, settlement) layer, kind, name, settlement, exact, away,
    st_transform(st_pointonsurface(geom), 4326) as point
  from settled order by layer, name, settlement, away
)
select layer, kind, name, settlement, st_y(point) as lat, st_x(point) as lon
from one
order by exact desc,
  coalesce(array_position(array['city', 'town', 'village', 'suburb', 'hamlet'], case when layer = 'place' then kind end), 6), away
limit $5;
