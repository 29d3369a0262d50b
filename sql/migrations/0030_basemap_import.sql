-- What has to be said on the map of its makers.
insert into sightline.force_setting (key, value, meaning) values
  ('basemap_attribution', '""', 'What the licence of the basemap wants to be said on the map; an import sets it');
