-- name: entries
-- Audit rows, newest first. Each filter null for all: actor, action (a prefix up to a dot counts), object's type and id, outcome,
-- operation, incident, from, to, before an id; then a limit.
select e.id, e.at, e.actor, e.actor_role, e.actor_post, e.session_id, e.address, e.operation, e.action, e.object_type, e.object_id,
  e.outcome, e.purpose, e.reason, e.incident_id as incident, e.recipient, e.detail
from audit_entry e
where ($1::text is null or e.actor = $1)
  and ($2::text is null or e.action = $2 or starts_with(e.action, $2 || '.'))
  and ($3::text is null or e.object_type = $3) and ($4::text is null or e.object_id = $4)
  and ($5::text is null or e.outcome = $5) and ($6::text is null or e.operation = $6)
  and ($7::bigint is null or e.incident_id = $7)
  and ($8::timestamptz is null or e.at >= $8) and ($9::timestamptz is null or e.at < $9)
  and ($10::bigint is null or e.id < $10)
order by e.id desc limit $11;

-- name: read
-- Records that the acting user read the audit, and with which filters.
select audit_append('consultation', 'audit.read', 'audit', 'audit', p_detail => $1);

-- name: watched_me
-- Who watched the acting officer's camera, or looked at its track, in a time; never what a restricted incident was the reason of.
select at, by_name, by_role, action, purpose, camera, seconds from watched_me($1, $2);
