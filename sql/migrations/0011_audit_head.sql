-- How far the audit is sealed for good, and up to where its numbers have been given out.

-- Numbers are given before the commit, so a lower one may be committed later. At or below settled_id every row is sealed
-- and no transaction can add one any more: what appears there was put in behind the audit's back. given_id becomes the
-- next settled_id once the transactions (virtual ids) that may still hold a number up to it have ended.
create table sightline.audit_settled (
  only_row boolean primary key default true check (only_row),
  settled_id bigint not null default 0,
  given_id bigint not null default 0,
  holders text[] not null default '{}'
);
insert into sightline.audit_settled default values;

grant select, insert, update on sightline.audit_settled to sightline_audit;
grant select on sequence sightline.audit_entry_id_seq to sightline_audit;
