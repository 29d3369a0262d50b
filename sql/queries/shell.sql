-- name: force_name
-- The force's name, as every header shows it.
select value #>> '{}' from force_setting where key = 'force_name'
