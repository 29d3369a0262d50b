-- Tiles look at what they draw, and not at everything that lies there: at low zooms that is a hundredth of it.
create function sightline.basemap_from_zoom(p_layer text, p_rank smallint) returns smallint
language sql immutable parallel safe
return (case p_layer
  when 'sea' then array[0]
  when 'land' then array[0, 8, 8]
  when 'wood' then array[null, 8, 10, 12]
  when 'hill' then array[7, 7, 7, 12, 13]
  when 'water' then array[null, 8, 10]
  when 'urban' then array[7, 9, 12]
  when 'building' then array[null, null, null, null, null, 14]
  when 'road' then array[6, 7, 9, 11, 12, 14]
  when 'rail' then array[null, 9]
  when 'area' then array[7, null, 11]
  when 'place' then array[5, 7, 9, 11, 12, 13]
  when 'poi' then array[null, null, 12, 14]
end)[p_rank + 1]::smallint;
comment on function sightline.basemap_from_zoom is 'From which zoom on features of a layer and rank are drawn; null: never.';

alter table sightline.basemap_feature
  add from_zoom smallint generated always as (sightline.basemap_from_zoom(layer, rank)) stored,
  add dimension smallint not null generated always as (public.st_dimension(geom)) stored,
  -- square metres of Web Mercator, of the rectangle around it
  add box_area double precision not null generated always as
    ((public.st_xmax(geom) - public.st_xmin(geom)) * (public.st_ymax(geom) - public.st_ymin(geom))) stored;
create index basemap_feature_drawn on sightline.basemap_feature using gist (from_zoom, geom) where from_zoom is not null;
drop index sightline.basemap_feature_geom;
