-- name: try_lock
-- Only one sealer at a time, for the length of this transaction.
select pg_try_advisory_xact_lock(hashtext('sightline.audit.seal'));

-- name: head
-- The newest seal.
select position, hash from audit_seal order by position desc limit 1;

-- name: unsealed
-- Committed rows without a seal, oldest first. Numbers are given before the commit, so a lower one may come later:
-- looking 100,000 numbers back covers every transaction that may still have been open.
select e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor, e.actor_role, e.actor_post,
  e.session_id::text as session_id, e.address, e.operation, e.action, e.object_type, e.object_id, e.outcome, e.purpose, e.reason,
  e.incident_id, e.recipient, e.detail::text as detail
from audit_entry e
where e.id > (select coalesce(max(entry_id), 0) - 100000 from audit_seal)
  and not exists (select from audit_seal s where s.entry_id = e.id)
order by e.id limit $1;

-- name: count_unsealed
-- How many rows no seal covers.
select count(*) from audit_entry e where not exists (select from audit_seal s where s.entry_id = e.id);

-- name: add_seal
-- One link of the chain.
insert into audit_seal (position, entry_id, previous_hash, hash) values ($1, $2, $3, $4);

-- name: add_key
-- The public key that heads are signed with.
insert into audit_key (key_id, public_key) values ($1, $2) on conflict (key_id) do nothing;

-- name: add_anchor
-- A signed head.
insert into audit_anchor (position, hash, key_id, signature) values ($1, $2, $3, $4);

-- name: anchors
-- All signed heads with the key to check them.
select a.position, a.hash, a.signature, k.public_key from audit_anchor a join audit_key k using (key_id);

-- name: walk
-- The whole chain in order, each seal with the row it covers (nulls where the row is gone).
select e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor, e.actor_role, e.actor_post,
  e.session_id::text as session_id, e.address, e.operation, e.action, e.object_type, e.object_id, e.outcome, e.purpose, e.reason,
  e.incident_id, e.recipient, e.detail::text as detail,
  s.position as seal_position, s.entry_id as seal_entry_id, s.previous_hash as seal_previous_hash, s.hash as seal_hash
from audit_seal s left join audit_entry e on e.id = s.entry_id
order by s.position;
