-- Names of the basemap, found by the beginnings of their words.
create index basemap_feature_words on sightline.basemap_feature using gin (to_tsvector('simple', name)) where name <> '';
-- The settlement that a street, a lake or a building is in or next to.
create index basemap_feature_settlements on sightline.basemap_feature using gist (geom) where layer = 'place' and name <> '';
