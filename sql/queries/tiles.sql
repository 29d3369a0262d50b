-- name: basemap_version
-- A number that changes whenever the basemap is imported anew; null: there is none.
select max(id) from basemap_feature

-- name: basemap
-- One vector tile ($1 zoom, $2 x, $3 y) with all layers of the basemap: what is drawn from that zoom on, as exact as its pixels.
with shown (layer, rank, from_zoom) as (values
  ('sea', 0, 0), ('land', 0, 0), ('land', 1, 8), ('land', 2, 8),
  ('wood', 1, 8), ('wood', 2, 10), ('wood', 3, 12),
  ('hill', 0, 7), ('hill', 1, 7), ('hill', 2, 7), ('hill', 3, 12), ('hill', 4, 13),
  ('water', 1, 8), ('water', 2, 10),
  ('urban', 0, 7), ('urban', 1, 9), ('urban', 2, 12), ('building', 5, 14),
  ('road', 0, 6), ('road', 1, 7), ('road', 2, 9), ('road', 3, 11), ('road', 4, 12), ('road', 5, 14), ('rail', 1, 9),
  ('area', 0, 7), ('area', 2, 11),
  ('place', 0, 5), ('place', 1, 7), ('place', 2, 9), ('place', 3, 11), ('place', 4, 12), ('place', 5, 13),
  ('poi', 2, 12), ('poi', 3, 14)),
tile as (
  select st_tileenvelope($1, $2, $3) as bounds, st_tileenvelope($1, $2, $3, margin => 64.0 / 4096) as wide,
    40075016.7 / (512 * 2.0 ^ $1) as pixel_m),
-- First what is drawn at all: to look at sizes and shapes costs more than all else.
near as materialized (
  select f.layer, f.kind, nullif(f.name, '') as name, f.rank, f.geom, st_dimension(f.geom) as dimension, box2d(f.geom) as box
  from tile cross join shown join basemap_feature f on f.layer = shown.layer and f.rank = shown.rank
  where $1 >= shown.from_zoom and f.geom && tile.wide),
feature as (
  select n.layer, n.kind, n.name, n.rank,
    st_asmvtgeom(case when $1 < 14 and n.dimension > 0 then st_simplify(n.geom, tile.pixel_m / 2, true) else n.geom end,
      tile.bounds, 4096, 64) as geom
  from tile cross join near n
  where n.dimension < 2 or (st_xmax(n.box) - st_xmin(n.box)) * (st_ymax(n.box) - st_ymin(n.box)) > 4 * tile.pixel_m * tile.pixel_m),
layers as (
  select st_asmvt(x, x.layer, 4096, 'geom') as mvt
  from (select * from feature where geom is not null order by layer, rank) x group by x.layer)
select coalesce(string_agg(mvt, ''::bytea), ''::bytea) from layers
