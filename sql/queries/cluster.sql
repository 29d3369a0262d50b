-- name: create_login
-- A function of this connection only, which makes or updates a login role (DDL takes no parameters).
create or replace function pg_temp.ensure_login(p_role text, p_password text) returns void
language plpgsql as $$
begin
  if not exists (select from pg_roles where rolname = p_role) then
    execute format('create role %I login', p_role);
  end if;
  execute format('alter role %I login password %L', p_role, p_password);
end
$$;

-- name: ensure_login
-- Makes or updates one login role.
select pg_temp.ensure_login($1, $2);

-- name: grant_roles_to_owner
-- The owner may work as each of the roles, so that one URL serves commands and tests.
grant sightline_gateway, sightline_media, sightline_dashboard, sightline_audit, sightline_keeper to sightline_owner;

-- name: database_exists
-- Whether a database of this name exists.
select exists (select from pg_database where datname = $1);

-- name: create_database
-- Makes a database owned by sightline_owner; $NAME is replaced by the quoted name.
create database $NAME owner sightline_owner;

-- name: clone_database
-- Makes a database as a copy of the template; $NAME and $TEMPLATE are replaced by quoted names. For tests.
create database $NAME template $TEMPLATE owner sightline_owner strategy file_copy;

-- name: drop_database
-- Drops a database and whoever is connected to it; $NAME is replaced by the quoted name. For tests.
drop database if exists $NAME with (force);

-- name: extensions
-- Extensions that only a superuser may make.
create extension if not exists postgis with schema public;
create extension if not exists btree_gist with schema public;

-- name: search_path
-- The search path of a copied database; $NAME is replaced by the quoted name. For tests.
alter database $NAME set search_path = sightline, public;
