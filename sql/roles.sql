-- Cluster-wide roles. Run by `migrate` before the migrations, in any database of the cluster; safe to run again.
-- None of them owns anything or may create anything; each gets only the grants named in the migrations.
do $$
declare
  wanted text;
begin
  foreach wanted in array array[
    'sightline_gateway', 'sightline_media', 'sightline_dashboard', 'sightline_audit', 'sightline_keeper'
  ] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin noinherit', wanted);
    end if;
    -- So that whoever migrates may also work as each of them when only one URL is given.
    if not pg_has_role(current_user, wanted, 'member') then
      execute format('grant %I to current_user', wanted);
    end if;
  end loop;
end
$$;
