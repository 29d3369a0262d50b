-- name: chain
-- How far the audit is sealed: rows in the chain, the newest signed head, and what waits for its seal.
select coalesce((select max(position) from audit_seal), 0) as sealed,
  (select max(position) from audit_anchor) as signed,
  (select signed_time from audit_anchor order by position desc limit 1) as signed_time,
  w.waiting, w.oldest
from (select count(*) as waiting, min(e.at) as oldest from audit_entry e
      where not exists (select from audit_seal s where s.entry_id = e.id)) w;

-- name: actions
-- The actions that the audit knows, for the filter.
select distinct action from audit_entry order by action limit 500;

-- name: verified
-- Records that the acting user had the chain verified, and what came of it.
select audit_append('consultation', 'audit.verify', 'audit', 'audit', p_detail => $1);

-- name: names
-- The force's words for the codes of roles and purposes that rows hold, those refused included.
select 'role' as what, code, name from role union all select 'purpose', code, name from purpose;
