-- name: try_lock
-- Only one sealer at a time, for the length of this transaction.
select pg_try_advisory_xact_lock(hashtext('sightline.audit.seal'));

-- name: end
-- The newest seal, and whether a head is signed there.
select s.position, s.hash, a.position is not null as is_signed
from audit_seal s left join audit_anchor a using (position)
order by s.position desc limit 1;

-- name: seal_hash
-- Hash of the seal at a position.
select hash from audit_seal where position = $1;

-- name: settled
-- Up to where nothing more can come, what that becomes next, and whether all who might still add below have ended.
select m.settled_id, m.given_id, not exists (
    select from pg_locks l
    where l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.relation = 'audit_entry'::regclass and l.virtualtransaction = any (m.holders)) as ended
from audit_settled m;

-- name: given
-- The highest number that has been given to an audit row.
select case when is_called then last_value else 0 end from audit_entry_id_seq;

-- name: holders
-- The transactions that have appended, or are about to: whoever takes a number holds this lock before and until its end.
select coalesce(array_agg(distinct l.virtualtransaction), '{}') from pg_locks l
where l.database = (select d.oid from pg_database d where d.datname = current_database())
  and l.relation = 'audit_entry'::regclass and l.mode = 'RowExclusiveLock';

-- name: settle
-- Notes up to where the audit is sealed for good ($1), and what that becomes ($2) once these have ended ($3).
insert into audit_settled (only_row, settled_id, given_id, holders) values (true, $1, $2, $3)
on conflict (only_row) do update
  set settled_id = excluded.settled_id, given_id = excluded.given_id, holders = excluded.holders;

-- name: unsealed
-- Committed rows without a seal above what is settled ($1), oldest first. Numbers are given before the commit, so a lower
-- one may come later; what is settled never passes a transaction that may still have one.
select e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor, e.actor_role, e.actor_post,
  e.session_id::text as session_id, e.address, e.operation, e.action, e.object_type, e.object_id, e.outcome, e.purpose, e.reason,
  e.incident_id, e.recipient, e.detail::text as detail
from audit_entry e
where e.id > $1 and not exists (select from audit_seal s where s.entry_id = e.id)
order by e.id limit $2;

-- name: add_seal
-- One link of the chain.
insert into audit_seal (position, entry_id, previous_hash, hash) values ($1, $2, $3, $4);

-- name: add_key
-- The public key that heads are signed with, for information: verifying trusts no key from here.
insert into audit_key (key_id, public_key) values ($1, $2) on conflict (key_id) do nothing;

-- name: clock
-- The time by the clock that the rows have theirs from.
select clock_timestamp();

-- name: add_anchor
-- A signed head.
insert into audit_anchor (position, hash, key_id, signature, signed_time) values ($1, $2, $3, $4, $5);

-- name: newest_head
-- The newest signed head.
select position, hash, signed_time as time, key_id as key, signature from audit_anchor order by position desc limit 1;

-- name: take_time
-- Walking the whole chain may take longer than a statement of a page.
select set_config('statement_timeout', '0', true);

-- name: waiting
-- How many rows no seal covers; the first of those older than $1 seconds and how many these are; the highest number of all.
select count(*) as unsealed, min(e.id) filter (where e.is_old) as old_entry, count(*) filter (where e.is_old) as old,
  max(e.id) as highest
from (select id, at < now() - make_interval(secs => $1) as is_old from audit_entry) e
where not exists (select from audit_seal s where s.entry_id = e.id);

-- name: walk
-- The whole chain in order, each seal with the row it covers and the head signed there (nulls where there is none). The
-- columns of the row come first, as they are under the seal.
select e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor, e.actor_role, e.actor_post,
  e.session_id::text as session_id, e.address, e.operation, e.action, e.object_type, e.object_id, e.outcome, e.purpose, e.reason,
  e.incident_id, e.recipient, e.detail::text as detail,
  s.position as seal_position, s.entry_id as seal_entry_id, s.previous_hash as seal_previous_hash, s.hash as seal_hash,
  extract(epoch from e.at)::float8 as seal_at_s,
  a.hash as seal_head_hash, a.signed_time as seal_signed_time, a.key_id as seal_key, a.signature as seal_signature
from audit_seal s
left join audit_entry e on e.id = s.entry_id
left join audit_anchor a on a.position = s.position
order by s.position;
