-- name: begin_act
-- Proves a session by the hash of its token, makes its holder the actor of this transaction, and says what the role may.
select b.user_id as id, b.username, b.display_name, b.role, r.name as role_name, b.post, b.officer_id, b.unit_ids,
  (select coalesce(jsonb_object_agg(rc.capability, rc.scope), '{}') from role_capability rc where rc.role = b.role) as capabilities,
  b.session_id, b.kind, b.csrf, b.expires_time
from begin_act($1, $2) b join role r on r.code = b.role;

-- name: audit_refusal
-- Records that the acting user was refused something.
select audit_append('access', $1, $2, $3, 'refused', p_reason => $4);

-- name: audit_refused_request
-- Records a request that the access rules refused: action, object, purpose and reason given, and the request itself.
select audit_append('access', $1, $2, $3, 'refused', p_purpose => $4, p_reason => $5, p_detail => $6::jsonb);

-- name: account
-- The account of a user name, to check a password.
select id, username, role, password_hash from app_user where username = $1 and disabled_time is null;

-- name: one_try_at_a_time
-- Until the transaction ends, no other try from this address is looked at, so that none is overlooked.
select pg_advisory_xact_lock(hashtextextended('sightline.sign_in ' || $1, 0));

-- name: attempts
-- What speaks against another try of a name ($1) from an address ($2) with a browser's cookie ($3, its hash) within so many
-- seconds ($4). own: failures of this name since it last got in, by this browser if the name got in with it before, else
-- from this address by browsers that are not known; crowd: failures of all names from this address by browsers that are
-- not known. Each with the seconds since the last. known_browser, known_here: whether the name got in with it, from there.
-- ours: whether anybody got in with this browser.
with known as (
  select coalesce(bool_or(browser = $3), false) as browser, coalesce(bool_or(address = $2), false) as here
  from login_attempt where username = $1 and succeeded and (address = $2 or browser = $3)
), tries as (
  select t.username, t.browser, t.succeeded, t.at, extract(epoch from clock_timestamp() - t.at)::float as age_s
  from login_attempt t, known k
  where t.at > clock_timestamp() - make_interval(secs => $4)
    and case when k.browser then t.browser = $3 else t.address = $2 end
), own as (
  select count(*) as failures, min(age_s) as age_s from tries t, known k
  where t.username = $1 and not t.succeeded and (k.browser or t.browser is null)
    and t.at > coalesce((select max(s.at) from tries s where s.username = $1 and s.succeeded), '-infinity')
), crowd as (
  select count(*) as failures, min(age_s) as age_s from tries where browser is null and not succeeded
)
select own.failures as own_failures, own.age_s as own_age_s, crowd.failures as crowd_failures, crowd.age_s as crowd_age_s,
  known.browser as known_browser, known.here as known_here,
  exists (select from login_attempt where browser = $3 and succeeded) as ours
from known, own, crowd;

-- name: record_attempt
-- Records one try to sign in, as failed until it gets in: user name, address, hash of the browser's cookie where it is known.
insert into login_attempt (username, address, browser, succeeded) values ($1, $2, $3, false) returning id;

-- name: attempt_succeeded
-- A recorded try got in, with the browser that has the cookie of this hash from now on.
update login_attempt set succeeded = true, browser = $2 where id = $1;

-- name: open_session
-- Opens a session: user, hash of its token, CSRF token, address, kind, and hours it lasts (null: the force's setting).
insert into session (user_id, token_hash, csrf, role, address, kind, expires_time)
select u.id, $2, $3, u.role, $4, $5, now() + make_interval(mins => (60 * coalesce($6::numeric, setting_number('session_hours')))::int)
from app_user u where u.id = $1 and u.disabled_time is null
returning id, expires_time;

-- name: audit_sign_in
-- The acting user has signed in.
select audit_append('access', 'session.sign_in', 'session', actor_session_id()::text, p_detail => jsonb_build_object('by', $1::text));

-- name: audit_sign_in_refused
-- Somebody did not get in: the account's name (or null), the name that was given, from where, and why.
select set_config('sightline.address', $3, true),
  audit_append('access', 'session.sign_in', 'user', $2, 'refused', p_reason => $4, p_actor => coalesce($1, 'nobody'));

-- name: sign_out
-- Ends the acting user's session.
select audit_append('access', 'session.sign_out', 'session', actor_session_id()::text), session_end(actor_session_id(), 'signed out');

-- name: end_lapsed_sessions
-- Ends the sessions that are past their time or were not used, each once, and says which.
with lapsed as materialized (
  select s.id, case when s.expires_time <= now() then 'past its time' else 'not used' end as reason
  from session s where s.ended_time is null and not session_is_live(s)
), ended as materialized (
  select l.id, l.reason, session_end(l.id, l.reason) as done from lapsed l
)
select e.id as session, e.reason,
  audit_append('access', 'session.lapse', 'session', e.id::text, p_reason => e.reason, p_actor => 'system:dashboard')
from ended e where e.done;

-- name: ended_sessions
-- Which of these sessions have ended, and why.
select s.id as session, coalesce(s.end_reason, 'no longer valid') as reason
from session s where s.id = any ($1::uuid[]) and not session_is_live(s);

-- name: demo
-- Whether this is a demonstration, and the force's name.
select (select value = 'true' from force_setting where key = 'demo') as demo,
  (select value #>> '{}' from force_setting where key = 'force_name') as force_name;

-- name: demo_user
-- The user of a role in a demonstration: the one that is named like the role.
select id, username from app_user where username = $1 and role = $1 and disabled_time is null;

-- name: demo_roles
-- The roles of which a demonstration has a user, in the order of the role matrix.
select r.code, r.name from role r join app_user u on u.username = r.code and u.role = r.code and u.disabled_time is null
order by array_position(array['fim', 'negco', 'commander', 'supervisor', 'planner', 'coordinator', 'auditor', 'admin', 'officer'], r.code);
