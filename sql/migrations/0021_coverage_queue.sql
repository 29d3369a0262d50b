-- What is to be computed again may stand in the list more than once: were it unique, a gateway that adds five minutes which the keeper
-- is taking off and computing would wait for the keeper, and all cameras' acknowledgements with it.
alter table sightline.coverage_todo drop constraint coverage_todo_pkey;
create index coverage_todo_camera on sightline.coverage_todo (camera_id, bin_start);
