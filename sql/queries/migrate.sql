-- name: table
-- Where the applied migrations are recorded; the search path is the database's own, for psql and other tools.
create schema if not exists sightline;
create table if not exists sightline.schema_migration (
  number int primary key,
  name text not null,
  checksum text not null,
  applied_time timestamptz not null default now()
);
do $$ begin
  execute format('alter database %I set search_path = sightline, public', current_database());
end $$;

-- name: lock
-- Only one migration at a time.
select pg_advisory_lock(hashtext('sightline.migrate'));

-- name: unlock
-- The next may migrate.
select pg_advisory_unlock(hashtext('sightline.migrate'));

-- name: applied
-- Number and checksum of each applied migration.
select number, checksum from sightline.schema_migration order by number;

-- name: record
-- Records one applied migration.
insert into sightline.schema_migration (number, name, checksum) values ($1, $2, $3);

-- name: partitions
-- Days of history that the writer may need at once: the retention back, two days ahead.
select sightline.fix_partitions_ensure(
  (now() - make_interval(days => sightline.setting_number('retention_recording_days')::int))::date, (now() + interval '2 days')::date);
