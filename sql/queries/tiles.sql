-- name: basemap_version
-- A number that changes whenever the basemap is imported anew; null: there is none.
select max(id) from basemap_feature

-- name: basemap
-- One vector tile ($1 zoom, $2 x, $3 y) with all layers of the basemap: what is drawn from that zoom on, as exact as its pixels.
with tile as (
  select st_tileenvelope($1, $2, $3) as bounds, st_tileenvelope($1, $2, $3, margin => 64.0 / 4096) as wide,
    (40075016.7 / (512 * 2.0 ^ $1))::float8 as pixel_m),
-- Materialized: otherwise each shape is cut twice, to see whether anything is left of it, and to draw it.
feature as materialized (
  select f.layer, f.kind, nullif(f.name, '') as name, f.rank,
    st_asmvtgeom(case when $1 < 14 and f.dimension > 0 then st_simplify(f.geom, tile.pixel_m / 2, true) else f.geom end,
      tile.bounds, 4096, 64) as geom
  from tile join basemap_feature f on f.geom && tile.wide
  where f.from_zoom <= $1::smallint and (f.dimension < 2 or f.box_area > 4 * tile.pixel_m * tile.pixel_m)),
layers as (
  select st_asmvt(x, x.layer, 4096, 'geom') as mvt
  from (select * from feature where geom is not null order by layer, rank) x group by x.layer)
select coalesce(string_agg(mvt, ''::bytea), ''::bytea) from layers
