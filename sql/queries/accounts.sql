-- name: roles
-- Codes of all roles.
select code from role order by code;

-- name: officer
-- Id of the officer with a shoulder number.
select id from officer where shoulder_number = $1;

-- name: shoulder_numbers
-- Shoulder numbers of all officers.
select shoulder_number from officer order by shoulder_number;

-- name: add_user
-- Makes a user with a password's hash.
insert into app_user (username, display_name, role, password_hash, officer_id) values ($1, $2, $3, $4, $5);

-- name: set_password
-- Gives a user another password; the trigger ends the sessions.
update app_user set password_hash = $2 where username = $1 returning id;

-- name: disable_user
-- Disables a user; the trigger ends the sessions.
update app_user set disabled_time = now() where username = $1 and disabled_time is null returning id;

-- name: enable_user
-- Gives a disabled user access again.
update app_user set disabled_time = null where username = $1 and disabled_time is not null returning id;

-- name: list_users
-- All users, without secrets.
select username, display_name, role, disabled_time from app_user order by username;

-- name: add_camera
-- Registers a camera.
insert into camera (ref, officer_id, token_hash, kind) values ($1, $2, $3, $4);

-- name: camera_token
-- Gives a camera another token.
update camera set token_hash = $2 where ref = $1 returning id;

-- name: disable_camera
-- Disables a camera.
update camera set disabled_time = now() where ref = $1 and disabled_time is null returning id;

-- name: enable_camera
-- Lets a disabled camera connect again.
update camera set disabled_time = null where ref = $1 and disabled_time is not null returning id;

-- name: camera_is_disabled
-- Whether a camera is disabled; null where there is none.
select disabled_time is not null from camera where ref = $1;

-- name: list_cameras
-- All cameras with who wears them.
select c.ref as camera, c.kind, o.shoulder_number, o.name as officer, c.disabled_time
from camera c left join officer o on o.id = c.officer_id order by c.ref;

-- name: add_bridge
-- Registers a bridge.
insert into bridge (name, token_hash) values ($1, $2);

-- name: bridge_token
-- Gives a bridge another token.
update bridge set token_hash = $2 where name = $1 returning id;

-- name: disable_bridge
-- Disables a bridge.
update bridge set disabled_time = now() where name = $1 and disabled_time is null returning id;

-- name: enable_bridge
-- Lets a disabled bridge connect again.
update bridge set disabled_time = null where name = $1 and disabled_time is not null returning id;

-- name: bridge_is_disabled
-- Whether a bridge is disabled; null where there is none.
select disabled_time is not null from bridge where name = $1;

-- name: list_bridges
-- All bridges, without secrets.
select name as bridge, disabled_time from bridge order by name;

-- name: audit
-- An administrative change, in the audit.
select audit_append('alteration', $1, $2, $3, p_actor => $4, p_detail => $5);

-- name: camera_doubted
-- What of a camera ($1) could not be believed, newest first ($2 at most), as it came.
select q.received_time, q.fix_time, q.reason, q.detail, (q.raw ->> 'lat')::float8 as lat, (q.raw ->> 'lon')::float8 as lon, q.raw
from fix_quarantine q join camera c on c.id = q.camera_id where c.ref = $1
order by q.received_time desc, q.id desc limit $2;

-- name: camera_exists
-- Whether there is a camera with this id.
select exists (select from camera where ref = $1);

-- name: audit_look
-- Somebody looked at positions of a camera, in the audit.
select audit_append('consultation', $1, 'camera', $2, p_actor => $3, p_detail => $4);
