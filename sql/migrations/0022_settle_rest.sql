-- What one flush shows may be more than can be judged while all cameras wait for it. The rest stays here, in the same transaction, and
-- is judged with the flushes after it.
create table sightline.settle_rest (
  camera_id int not null,
  from_time timestamptz not null,
  to_time timestamptz not null
);
create index settle_rest_newest on sightline.settle_rest (to_time);
grant select, insert, update, delete on sightline.settle_rest to sightline_gateway;    -- "update" is what locking a row asks for
